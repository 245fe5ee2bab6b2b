/** Letters that nobody else has chosen. `crypto.randomUUID` is not there on a page that came over plain HTTP. */
export function unique(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}
