/**
 * Whether a click is the second of a double one. For a button that becomes another one when it is pressed: the second is
 * not meant for that.
 */
export function isSecond({ detail }: UIEvent): boolean {
  return detail > 1
}
