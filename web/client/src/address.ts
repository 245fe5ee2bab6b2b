/** The WebSocket address that `url` names, now. */
export async function addressOf(
  url: string | URL | (() => string | URL | Promise<string | URL>),
): Promise<URL> {
  const address = new URL(typeof url === 'function' ? await url() : url, globalThis.location?.href)
  address.protocol = address.protocol.replace('http', 'ws')
  return address
}
