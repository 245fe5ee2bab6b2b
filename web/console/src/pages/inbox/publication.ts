import { newId } from '@fanfare/vue/id'
import { api } from '../../session/api'

/** What the form holds. Empty texts are left out of the request. */
export interface Form {
  users: string
  groups: string
  topics: string
  everybody: boolean
  title: string
  content: string
  level: string
  msgType: string
  /** A number, as its field gives it. */
  priority: string
  link: string
  collapseKey: string
  /** A number, as its field gives it. */
  ttlSeconds: string
  /** Local, as the field for it gives it. */
  deliverAt: string
  actions: { label: string; link: string }[]
}

export interface Outcome {
  readonly id: string
  readonly status: string
  readonly appended: readonly { readonly channel: string; readonly n: number }[]
}

function list(text: string): string[] | undefined {
  const ids = text
    .split(/[,，\s]+/)
    .map(id => id.trim())
    .filter(Boolean)
  return ids.length > 0 ? ids : undefined
}

export function hasAddressee({ users, groups, topics, everybody }: Form): boolean {
  return everybody || [users, groups, topics].some(text => list(text))
}

/** The body of the request. */
export function bodyOf(form: Form): Record<string, unknown> {
  const actions = form.actions.filter(({ label }) => label.trim())
  return {
    to: {
      users: list(form.users),
      groups: list(form.groups),
      topics: list(form.topics),
      all: form.everybody || undefined,
    },
    title: form.title || undefined,
    content: form.content || undefined,
    level: form.level === 'info' ? undefined : form.level,
    msg_type: form.msgType || undefined,
    priority: form.priority ? Number(form.priority) : undefined,
    link: form.link || undefined,
    collapse_key: form.collapseKey || undefined,
    ttl_seconds: form.ttlSeconds ? Number(form.ttlSeconds) : undefined,
    deliver_at: form.deliverAt ? new Date(form.deliverAt).toISOString() : undefined,
    actions:
      actions.length > 0 ? actions.map(({ label, link }) => ({ label, link: link || undefined })) : undefined,
  }
}

/** One that nobody else has chosen. */
export function newKey(): string {
  return newId().slice(0, 12)
}

export function publish(form: Form, idempotencyKey: string, bearer: string): Promise<Outcome> {
  return api<Outcome>('/v1/notifications', { method: 'POST', body: bodyOf(form), bearer, idempotencyKey })
}

export type Language = 'curl' | 'python' | 'node'

/** The same request from elsewhere. The key is a variable, never the key itself. */
export function command(language: Language, form: Form, idempotencyKey: string): string {
  const url = `${location.origin}/v1/notifications`
  const body = JSON.stringify(bodyOf(form), null, 2)
  if (language === 'curl') {
    return `curl ${url} \\
  -H "Authorization: Bearer $FANFARE_API_KEY" \\
  -H "Idempotency-Key: ${idempotencyKey}" \\
  -d '${body.replaceAll("'", "'\\''")}'`
  }
  if (language === 'python') {
    return `import json, os, urllib.request

request = urllib.request.Request(
    ${JSON.stringify(url)},
    data=json.dumps(json.loads(r"""${body.replaceAll('"""', '\\"\\"\\"')}""")).encode(),
    headers={
        "Authorization": f"Bearer {os.environ['FANFARE_API_KEY']}",
        "Idempotency-Key": "${idempotencyKey}",
    },
)
print(urllib.request.urlopen(request).read().decode())`
  }
  return `await fetch(${JSON.stringify(url)}, {
  method: 'POST',
  headers: {
    authorization: \`Bearer \${process.env.FANFARE_API_KEY}\`,
    'idempotency-key': '${idempotencyKey}',
  },
  body: JSON.stringify(${body.replaceAll('\n', '\n  ')}),
})`
}
