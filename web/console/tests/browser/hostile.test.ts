import type { Page } from 'playwright-core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connect, says, World } from './support/world.js'

const HTML = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
const LINK = 'javascript:window.hacked=1'

let world: World

beforeEach(async () => {
  world = await World.start()
})

afterEach(async () => {
  await world.end()
})

/** Nothing has run, nothing has been made of it, and no link leads to it. */
async function isText(page: Page): Promise<void> {
  const found = await page.evaluate(() => ({
    hacked: 'hacked' in window,
    images: document.querySelectorAll('img[src=x]').length,
    links: [...document.querySelectorAll('a')].filter(({ protocol }) => protocol === 'javascript:').length,
  }))
  expect(found).toEqual({ hacked: false, images: 0, links: 0 })
  // Neither had the policy anything to refuse.
  expect(world.complaints).toEqual([])
}

test('a notification with script in every field is text', async () => {
  const page = await world.page()
  await world.logInAs(page, 'alice', { name: HTML }, '#/inbox')
  await world.server.post('/v1/notifications', {
    to: { users: ['alice'] },
    title: HTML,
    content: HTML,
    msg_type: HTML.slice(0, 40),
    actor: { name: HTML, id: HTML },
    actions: [{ label: HTML.slice(0, 40) }],
    data: { html: HTML, link: LINK },
  })
  await says(page, '[data-test=item]', HTML)
  await page.click('[data-test=item]')
  await says(page, '[data-test=reader] h1', HTML)
  await says(page, '[data-test=reader]', LINK)
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
  await world.server.post('/v1/publish', { channel: 'topic:x', data: { [HTML]: HTML } })
  const row = page.locator('[data-test=log] [role=option]').filter({ hasText: 'publication' })
  await row.click()
  for (const view of ['Tree', 'Raw', 'Hex']) {
    await page.locator('[data-test=detail]').getByText(view, { exact: true }).click()
    await isText(page)
  }
})

test('a room with script in its name and its messages is text', async () => {
  const page = await world.page()
  const { id } = await world.server.post<{ id: string }>('/v1/rooms', {
    kind: 'private',
    name: HTML,
    members: ['alice'],
  })
  await world.logInAs(page, 'alice', { name: HTML }, `#/chat/${id}`)
  await page.fill('[data-test=message-text]', HTML)
  await page.keyboard.press('Enter')
  await says(page, '[data-test=message]', HTML)
  await isText(page)
})
