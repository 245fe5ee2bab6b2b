/** Bytes that are shown as hexadecimal. */
const SHOWN = 4_096

/** Offset, bytes and characters, sixteen in a line. */
export function hexDump(text: string): string {
  const bytes = new TextEncoder().encode(text).subarray(0, SHOWN)
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += 16) {
    const line = [...bytes.subarray(at, at + 16)]
    const hex = line.map(byte => byte.toString(16).padStart(2, '0')).join(' ')
    const letters = line.map(byte => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${at.toString(16).padStart(5, '0')}  ${hex.padEnd(47)}  ${letters}`)
  }
  return lines.join('\n')
}
