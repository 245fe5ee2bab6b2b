import { FanfareError, type GetToken } from '@fanfare/client'

/** A token for a connection beside the page's own client. Throws when there is none. */
export async function tokenOf(getToken: GetToken, signal: AbortSignal): Promise<string> {
  const token = await getToken({ reason: 'connect', signal })
  if (!token) throw new FanfareError('unauthorized', 'there is no token')
  return token
}
