import type { Page } from 'playwright-core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connect, says, state, World } from './support/world.js'

const HTML = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
const LINK = 'javascript:window.hacked=1'
const LINKS = [
  LINK,
  'JaVaScRiPt:window.hacked=1',
  ' \tjavascript:window.hacked=1',
  'data:text/html,<script>window.hacked=1</script>',
]
const placeholder = (index: number) => `https://link.example/${index}`

let world: World

beforeEach(async () => {
  world = await World.start()
})

afterEach(() => world.end())

/**
 * A server refuses links that run something, and ids that are none; a page that trusts it to is one mistake away from
 * running them. So this one hears what no server would say: in place of a link a hostile one, and of `mallory` script.
 */
async function disguise(page: Page): Promise<void> {
  const hostile = (text: string) =>
    LINKS.reduce(
      (all, link, index) =>
        all.replaceAll(JSON.stringify(placeholder(index)).slice(1, -1), JSON.stringify(link).slice(1, -1)),
      text,
    ).replaceAll('"mallory"', JSON.stringify(HTML))
  await page.route('**/v1/**', async route => {
    const response = await route.fetch()
    await route.fulfill({ response, body: hostile(await response.text()) })
  })
  await page.routeWebSocket('**/ws/**', socket => {
    const server = socket.connectToServer()
    server.onMessage(message => socket.send(hostile(String(message))))
  })
}

/** Nothing has run, nothing has been made of it, and no link leads to it. */
async function isText(page: Page): Promise<void> {
  const found = await page.evaluate(() => ({
    hacked: 'hacked' in window,
    images: document.querySelectorAll('img[src=x]').length,
    scripts: [...document.scripts].filter(({ text }) => text.includes('hacked')).length,
    links: [...document.querySelectorAll('a')]
      .map(({ protocol }) => protocol)
      .filter(protocol => !['http:', 'https:', 'blob:'].includes(protocol)),
  }))
  expect(found).toEqual({ hacked: false, images: 0, scripts: 0, links: [] })
  // Neither had the policy anything to refuse.
  expect(world.complaints).toEqual([])
}

test('a notification with script in every field is text, in the inbox and in the bell', async () => {
  const page = await world.page()
  await disguise(page)
  await world.logInAs(page, 'alice', { name: HTML }, '#/inbox')
  const notification = {
    to: { users: ['alice'] },
    title: HTML,
    content: HTML,
    msg_type: HTML.slice(0, 40),
    link_type: HTML.slice(0, 40),
    link_id: HTML.slice(0, 40),
    thread_key: HTML.slice(0, 40),
    collapse_key: HTML.slice(0, 40),
    actor: { name: HTML, id: HTML },
    data: { html: HTML, link: LINK, [HTML]: HTML },
  }
  for (const [index, hostile] of LINKS.entries()) {
    const link = placeholder(index)
    const actions = [
      { id: 'a', label: HTML.slice(0, 40), link },
      { id: 'b', label: `By url ${index}`, url: link },
      { id: HTML.slice(0, 40), label: 'No link' },
    ]
    await world.server.post('/v1/notifications', { ...notification, collapse_key: link, link, actions })
    await expect.poll(() => page.locator('[data-test=item]').count(), { timeout: 10_000 }).toBe(index + 1)
    await page.locator('[data-test=item]').first().click()
    await says(page, '[data-test=reader] h1', HTML)
    await says(page, '[data-test=reader]', `By url ${index}`)
    const shown = await page.textContent('[data-test=reader]')
    expect(shown).toContain(`only http and https are): ${hostile}`)
    await isText(page)
  }
  // As they are read from the inbox, too.
  await page.reload()
  await page.locator('[data-test=item]').first().click()
  await says(page, '[data-test=reader] h1', HTML)
  await isText(page)
  await page.locator('button', { has: page.locator('[data-test=bell]') }).click()
  await says(page, '[data-test=bell-item]', HTML)
  await isText(page)
  await page.locator('[data-test=bell-item]').first().click()
  await says(page, '[data-test=reader] h1', HTML)
  await isText(page)
})

test('the trail of a notification shows what is hostile as text', async () => {
  const page = await world.page()
  await disguise(page)
  await world.logIn(page, '#/inbox?view=publish')
  await page.fill('#api-key', world.server.key)
  await page.fill('#users', 'mallory')
  await page.fill('#title', HTML)
  await page.fill('#content', HTML)
  await says(page, '[data-test=command]', 'onerror')
  for (const language of ['Python', 'Node.js', 'curl']) {
    await page.getByText(language, { exact: true }).click()
    await isText(page)
  }
  await page.click('[data-test=send]')
  await page.click('[data-test=to-trail]')
  await says(page, '[data-test=trail]', HTML)
  await isText(page)
  await page.fill('#trail-id', HTML)
  await page.keyboard.press('Enter')
  await page.locator('.trail [role=alert]').waitFor()
  await isText(page)
})

test('frames with script in them are text in the log, its details and its menus', async () => {
  const page = await world.page()
  await world.logInAs(page, 'alice', { channels: { 'topic:*': 'rw' } })
  await connect(page)
  await page.fill('#content', HTML)
  await page.click('[data-test=send]')
  await says(page, '[data-test=log]', HTML)
  await page.fill('[data-test=channel]', 'topic:x')
  await page.keyboard.press('Enter')
  await says(page, '[data-test=log]', 'subscribed')
  await world.server.post('/v1/publish', { channel: 'topic:x', data: { [HTML]: HTML, link: LINK } })
  const row = page.locator('[data-test=log] [role=option]').filter({ hasText: 'publication' })
  await row.click()
  for (const view of ['Tree', 'Raw', 'Hex']) {
    await page.locator('[data-test=detail]').getByText(view, { exact: true }).click()
    await isText(page)
  }
  for (const menu of ['Export', 'Types']) {
    await page.getByTitle(menu).click()
    await page.locator('[role=dialog]').waitFor()
    await isText(page)
    await page.keyboard.press('Escape')
  }
})

test('an error that echoes what was sent is text', async () => {
  const page = await world.page()
  await world.logInAs(page, 'alice')
  await connect(page)
  const types = page.locator('[data-test=types]')
  await types.getByText('raw', { exact: true }).click()
  await page.fill('#raw', JSON.stringify({ type: HTML, id: HTML.slice(0, 60) }))
  await page.click('[data-test=send]')
  await page.locator('[data-test=log] [role=option]').filter({ hasText: 'unknown_type' }).click()
  for (const view of ['Tree', 'Raw', 'Hex']) {
    await page.locator('[data-test=detail]').getByText(view, { exact: true }).click()
    await isText(page)
  }
  // The types that were seen are a menu of the log.
  await page.getByTitle('Types').click()
  await says(page, '[role=dialog]', HTML)
  await isText(page)
  await page.keyboard.press('Escape')
  await page.fill('[data-test=channel]', HTML)
  await page.keyboard.press('Enter')
  await says(page, '[data-test=log] [role=option]', 'error')
  await isText(page)
})

test('a room with script in its name, its people and its messages is text', async () => {
  const [page, other] = [await world.page(), await world.page()]
  await disguise(page)
  const { id } = await world.server.post<{ id: string }>('/v1/rooms', {
    kind: 'public',
    name: HTML,
    members: ['alice', 'mallory'],
  })
  const attachments = LINKS.map((_, index) => ({ url: placeholder(index), name: HTML, size: 1 }))
  await world.say(id, { user: 'mallory', content: `${HTML} @alice`, mentions: ['alice'], attachments })
  await world.logInAs(page, 'alice', { name: HTML }, `#/chat/${id}`)
  await world.logInAs(other, 'mallory', { name: HTML }, `#/chat/${id}`)
  await says(page, '[data-test=present]', '2 here')
  await says(page, '[data-test=member]', HTML)
  await says(page, '[data-test=room]', HTML)
  await isText(page)

  const first = page.locator('[data-test=message]').first()
  await says(page, '[data-test=message]', '📎')
  await first.hover()
  await first.locator('[data-test=reply]').click()
  await page.fill('[data-test=message-text]', HTML)
  await page.keyboard.press('Enter')
  await says(page, '[data-test=message]', `↪ ${HTML}`)
  await other.locator('[data-test=message]').first().hover()
  await other.locator('[data-test=message] .actions button').first().click()
  await page.locator('[data-test=reaction]').and(page.getByTitle(HTML)).waitFor()
  await other.fill('[data-test=message-text]', HTML)
  await says(page, '[data-test=typing]', HTML)
  await isText(page)
  await isText(other)

  const renamed = `${HTML}<b>`
  await rename(id, renamed)
  await page.locator('h1').filter({ hasText: renamed }).waitFor()
  await isText(page)
  await page.click('[data-test=new-room]')
  await page.locator('dialog').waitFor()
  await isText(page)
})

async function rename(id: string, name: string): Promise<void> {
  const response = await fetch(`${world.server.url}/v1/rooms/${id}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${world.server.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  })
  expect(response.status).toBe(200)
}

test('what a server says of itself, and why it ends a connection, is text', async () => {
  const page = await world.page()
  /** The words of these fields, whatever they are, in every frame that says something of the server or of a room. */
  const fields = ['node', 'version', 'hostname', 'os', 'by', 'role', 'name']
  let endThem = () => {}
  await page.routeWebSocket('**/ws/**', socket => {
    const server = socket.connectToServer()
    server.onMessage(message => {
      const frame = JSON.parse(String(message))
      if (['welcome', 'system_info', 'system_info_response', 'room', 'room_membership'].includes(frame.type))
        for (const field of fields) if (field in (frame.data ?? {})) frame.data[field] = HTML
      socket.send(JSON.stringify(frame))
    })
    const before = endThem
    endThem = () => {
      before()
      void socket.close({ code: 4003, reason: HTML })
    }
  })
  await world.server.post('/v1/rooms', { kind: 'public', name: 'Lobby', id: 'lobby', members: ['admin'] })
  await world.logIn(page)
  await connect(page)
  await says(page, '[data-test=why]', HTML)
  await page.click('[data-test=quick-system_info]')
  await says(page, '[data-test=log] [role=option]', 'system_info_response')
  await page.getByText('About the connection').click()
  await says(page, 'dd', HTML)
  await isText(page)
  endThem()
  await state(page, 'closed')
  await isText(page)
  await page.locator('button', { has: page.locator('[data-test=bell]') }).click()
  await page.locator('[data-test=bell-ended]').waitFor()
  await isText(page)

  await page.goto('about:blank')
  await world.go(page, '#/fleet')
  await says(page, '[data-test=node]', HTML)
  await isText(page)
  await world.go(page, '#/chat/lobby')
  await page.locator('[data-test=timeline]').waitFor()
  await rename('lobby', 'Renamed')
  await says(page, 'h1', HTML)
  await isText(page)
})

test('the fleet shows what users are called, where they connect and what is said as text', async () => {
  const [admin, alice] = [await world.page(), await world.page()]
  await disguise(admin)
  await world.logInAs(alice, 'mallory', { name: HTML })
  await world.logIn(admin, '#/fleet')
  await admin.fill('[data-test=tail-channel]', 'all')
  await admin.click('[data-test=tail-toggle]')
  await admin.locator('[data-test=tail-empty]').waitFor()
  await world.server.post('/v1/notifications', { to: { all: true }, title: HTML, data: { [HTML]: HTML } })
  await says(admin, '[data-test=tail-line]', 'onerror')
  await admin.click('[data-test=find]')
  await says(admin, '[data-test=session]', HTML)
  await isText(admin)
  for (const [field, button, refusal] of [
    ['session-user', 'find', '[data-test=sessions] [role=alert]'],
    ['tail-channel', 'tail-toggle', '[data-test=tail-refused]'],
  ] as const) {
    await admin.fill(`[data-test=${field}]`, HTML)
    await admin.click(`[data-test=${button}]`)
    await admin.locator(refusal).filter({ hasText: /\S/ }).waitFor()
    await isText(admin)
  }
})
