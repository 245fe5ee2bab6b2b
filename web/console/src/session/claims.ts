/** What a token says of its bearer, as far as it is shown. Nothing here is verified: that is the server's. */
export interface Claims {
  readonly user: string
  readonly name?: string
  /** Milliseconds since 1970. */
  readonly expiresAt?: number
  readonly scopes: readonly string[]
  /** The whole payload, to be shown. */
  readonly all: Readonly<Record<string, unknown>>
}

/** Reads the payload of a JSON Web Token; `undefined` when it is none. */
export function readClaims(token: string): Claims | undefined {
  try {
    const [, payload = ''] = token.trim().split('.')
    const base64 = payload.replaceAll('-', '+').replaceAll('_', '/')
    const raw = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))
    const all: Record<string, unknown> = JSON.parse(new TextDecoder().decode(raw))
    const user = all.sub ?? all.id ?? all.user_id
    if (user === undefined) return undefined
    const name = all.name ?? all.username
    const scope = all.scope
    return {
      user: String(user),
      ...(typeof name === 'string' ? { name } : {}),
      ...(typeof all.exp === 'number' ? { expiresAt: all.exp * 1_000 } : {}),
      scopes: Array.isArray(scope)
        ? scope.map(String)
        : String(scope ?? '')
            .split(' ')
            .filter(Boolean),
      all,
    }
  } catch {
    return undefined
  }
}
