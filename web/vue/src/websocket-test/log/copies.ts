import type { LogEntry } from './entry'

export type CopyForm = 'json' | 'websocat' | 'curl' | 'sdk'

/** Where the entry's connection goes. */
export interface Place {
  readonly wsUrl: string
  readonly httpUrl: string
}

/** Forms in which an entry can be copied. The credential is a variable of the shell, never the token itself. */
export function copyForms({ direction, type, channel }: LogEntry): CopyForm[] {
  if (direction === 'local') return ['json']
  const isPublished = type === 'publication' || type === 'publish' || type === 'notification'
  return isPublished && channel ? ['json', 'websocat', 'curl', 'sdk'] : ['json', 'websocat', 'sdk']
}

export function copyAs(form: CopyForm, entry: LogEntry, place: Place): string {
  if (form === 'json') return pretty(entry.text)
  if (form === 'websocat') return websocat(entry, place)
  if (form === 'curl') return curl(entry, place)
  return sdk(entry, place)
}

/** JSON in lines, or the text as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** One word for a shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function websocat({ direction, text, channel }: LogEntry, { wsUrl }: Place): string {
  const connect = `websocat -H "Authorization: Bearer $FANFARE_TOKEN" ${quoted(wsUrl)}`
  if (direction === 'out') return `printf '%s\\n' ${quoted(text)} | ${connect} -n`
  if (channel === undefined) return connect
  return `printf '%s\\n' ${quoted(JSON.stringify({ type: 'subscribe', channel }))} | ${connect} -n`
}

function curl({ type, text, channel = '' }: LogEntry, { httpUrl }: Place): string {
  const { data } = fieldsOf(text)
  const head = (path: string) =>
    `curl ${quoted(httpUrl + path)} \\\n  -H "Authorization: Bearer $FANFARE_API_KEY"`
  if (type !== 'notification')
    return `${head('/v1/publish')} \\\n  -d ${quoted(JSON.stringify({ channel, data }))}`
  const { id: _id, n: _n, created_at: _at, ...notification } = (data ?? {}) as Record<string, unknown>
  return `${head('/v1/notifications')} \\\n  -d ${quoted(JSON.stringify({ to: addressee(channel), ...notification }))}`
}

function addressee(channel: string): Record<string, unknown> {
  const [kind, id] = [channel.split(':', 1)[0], channel.slice(channel.indexOf(':') + 1)]
  if (kind === 'user') return { users: [id] }
  if (kind === 'group') return { groups: [id] }
  return kind === 'topic' ? { topics: [id] } : { all: true }
}

function sdk({ direction, type, text }: LogEntry, { wsUrl }: Place): string {
  const { id: _id, ...frame } = fieldsOf(text)
  const use =
    direction === 'out'
      ? `const answer = await client.request(${JSON.stringify(type)}, ${JSON.stringify({ ...frame, type: undefined })})`
      : `client.on(${JSON.stringify(type)}, ({ data }) => console.log(data))`
  return `import { createClient } from '@fanfare/client'

const client = createClient({ url: ${JSON.stringify(wsUrl)}, getToken: () => token })
await client.connect()
${use}`
}

function fieldsOf(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>
  } catch {
    return {}
  }
}
