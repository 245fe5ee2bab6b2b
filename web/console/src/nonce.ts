// Ant Design Vue writes its styles into `style` elements and does not pass on the nonce that it is told. The policy of
// the page lets only styles with the nonce pass, so every `style` element that is made gets it here.

const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce
if (nonce) {
  const createElement = document.createElement.bind(document)
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const element = createElement(name, options)
    if (element instanceof HTMLStyleElement) element.nonce = nonce
    return element
  }) as typeof document.createElement
}
