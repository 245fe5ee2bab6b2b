/** Whether a colour, as Ant Design Vue writes it (`#rrggbb`, `rgb(…)`, `rgba(…)`), is nearer to white than to black. */
export function isPale(colour: string): boolean {
  const hex = /^#(..)(..)(..)/.exec(colour)
  const parts = hex
    ? hex.slice(1).map(part => Number.parseInt(part, 16))
    : (colour.match(/[\d.]+/g) ?? []).map(Number)
  const [red = 0, green = 0, blue = 0] = parts
  return red * 0.3 + green * 0.59 + blue * 0.11 > 127
}
