/** An address that may be opened, or `undefined`: whoever publishes may write anything there. */
export function safeHref(link: string | undefined): string | undefined {
  if (!link) return undefined
  try {
    const url = new URL(link, location.href)
    return ['http:', 'https:'].includes(url.protocol) ? url.href : undefined
  } catch {
    return undefined
  }
}
