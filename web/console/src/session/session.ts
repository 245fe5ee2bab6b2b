import { FanfareError, type GetToken, type TokenRequest } from '@fanfare/client'
import { computed, shallowRef } from 'vue'
import { api } from './api'
import { readClaims } from './claims'

/** A token that ends within this time is renewed before it is used, in milliseconds. */
const SOON_MS = 30_000

/** Longest that a page which is left holds what belongs to its tab, in milliseconds. */
const HANDOVER_MS = 2_000

/** Of one tab, so that two tabs can be two users. */
const KEY = 'fanfare.session'

interface Tokens {
  readonly access: string
  readonly refresh?: string | undefined
}

interface TokensReply {
  readonly access_token: string
  readonly refresh_token: string
}

const tokens = shallowRef<Tokens | undefined>(restore())
let refreshing: Promise<string> | undefined
/** The session that this tab holds the lock of, or waits for. */
let claimed: string | undefined

/** Who is logged in in this tab. */
export const claims = computed(() => (tokens.value ? readClaims(tokens.value.access) : undefined))
export const isLoggedIn = computed(() => tokens.value !== undefined)
export const isAdmin = computed(() => claims.value?.scopes.includes('admin') ?? false)
export const canRefresh = computed(() => tokens.value?.refresh !== undefined)

/** For a command that somebody copies on purpose; never for logs. */
export const accessToken = computed(() => tokens.value?.access)

export async function logIn(username: string, password: string): Promise<void> {
  const body = { username, password }
  const reply = await api<TokensReply>('/v1/auth/login', { method: 'POST', body })
  keep({ access: reply.access_token, refresh: reply.refresh_token })
}

/** Takes a token that another issuer, or the server's API, has made. */
export function useToken(token: string): void {
  keep({ access: token.trim() })
}

export async function logOut(): Promise<void> {
  const refresh = tokens.value?.refresh
  keep(undefined)
  if (refresh) {
    const body = { refresh_token: refresh }
    await api('/v1/auth/logout', { method: 'POST', body }).catch(() => {})
  }
}

/** A token for a connection or a request: the one in use while it is good, else a fresh one. */
export const getToken: GetToken = ({ reason }: Pick<TokenRequest, 'reason'>) => {
  const { access, refresh } = tokens.value ?? {}
  if (!access || !refresh) return access
  const endsAt = readClaims(access)?.expiresAt ?? Number.POSITIVE_INFINITY
  if (reason === 'connect' && endsAt - Date.now() > SOON_MS) return access
  return renew()
}

/** One request as whoever is logged in; a refused token is renewed once. */
export async function call<Answer>(path: string, request: Parameters<typeof api>[1] = {}): Promise<Answer> {
  const bearer = (await getToken({ reason: 'connect', signal: new AbortController().signal })) ?? undefined
  try {
    return await api<Answer>(path, { ...request, bearer })
  } catch (error) {
    const isRefused = error instanceof FanfareError && error.code === 'unauthorized'
    if (!isRefused || !canRefresh.value) throw error
    return api<Answer>(path, { ...request, bearer: await renew() })
  }
}

/** Trades the refresh token in. Those who ask at once share one request: a refresh token is good once. */
function renew(): Promise<string> {
  refreshing ??= trade().finally(() => {
    refreshing = undefined
  })
  return refreshing
}

async function trade(): Promise<string> {
  const before = tokens.value
  try {
    const body = { refresh_token: before?.refresh }
    const reply = await api<TokensReply>('/v1/auth/refresh', { method: 'POST', body })
    if (tokens.value === before) keep({ access: reply.access_token, refresh: reply.refresh_token })
    return reply.access_token
  } catch (error) {
    // Refused: whoever sits there has to log in again.
    if (error instanceof FanfareError && error.code === 'unauthorized' && tokens.value === before)
      keep(undefined)
    throw error
  }
}

function keep(value: Tokens | undefined): void {
  tokens.value = value
  try {
    if (value) sessionStorage.setItem(KEY, JSON.stringify(value))
    else sessionStorage.removeItem(KEY)
  } catch {
    // Kept until the page is left, then.
  }
  if (value) claimTab()
}

function restore(): Tokens | undefined {
  try {
    const value = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Tokens | null
    return typeof value?.access === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * A tab that is duplicated brings its session along, and a refresh token that two use is revoked as stolen. The tab that
 * had it first holds a lock; the other one goes on with the access token alone.
 */
function claimTab(): void {
  const sid = claims.value?.all.sid
  if (typeof sid !== 'string' || !tokens.value?.refresh || !('locks' in navigator) || claimed === sid) return
  claimed = sid
  const held = () => new Promise(() => {})
  // A page that is loaded again may be there before the one that it replaces has let go.
  const signal = AbortSignal.timeout(HANDOVER_MS)
  navigator.locks.request(`fanfare.session.${sid}`, { signal }, held).catch(() => {
    const { access } = tokens.value ?? {}
    if (access && claimed === sid) keep({ access })
  })
}

claimTab()
