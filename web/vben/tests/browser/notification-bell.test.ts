import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Host, renew, says } from './support/host.js'

const HTML = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'

let host: Host

beforeAll(async () => {
  host = await Host.start()
})

afterEach(async () => {
  await host.closePages()
  expect(host.complaints).toEqual([])
})

afterAll(() => host?.end())

const item = (page: Page, title: string) => page.locator('[data-test=bell-item]').filter({ hasText: title })

const noneUnread = (page: Page) => page.locator('[data-test=unread]').waitFor({ state: 'detached' })

test('what is published rings, and what is read in one tab is read in the other', async () => {
  const page = await host.page('alice')
  const other = await host.pageOf(page.context())
  await host.server.notify('alice', 'first')
  await host.server.notify('alice', 'second')
  for (const each of [page, other]) {
    await says(each, '[data-test=unread]', '2')
    await each.click('[data-test=bell]')
    await item(each, 'first').waitFor()
  }
  expect(await page.locator('[data-test=bell-item] .title').allInnerTexts()).toEqual([
    expect.stringContaining('second'),
    expect.stringContaining('first'),
  ])
  await item(page, 'first').click()
  for (const each of [page, other]) {
    await says(each, '[data-test=unread]', '1')
    await item(each, 'first').and(each.locator(':not(.unread)')).waitFor()
  }
  await other.click('[data-test=bell-read-all]')
  for (const each of [page, other]) await noneUnread(each)
})

test('what was missed while the server was away comes with the connection', async () => {
  const page = await host.page('bob')
  await host.server.notify('bob', 'before')
  await says(page, '[data-test=unread]', '1')
  await page.click('[data-test=bell]')
  await item(page, 'before').waitFor()
  await host.server.kill()
  await page.waitForSelector('[data-test=away]')
  await host.server.startAgain()
  await host.server.notify('bob', 'meanwhile')
  await item(page, 'meanwhile').waitFor()
  await says(page, '[data-test=unread]', '2')
  await page.locator('[data-test=away]').waitFor({ state: 'detached' })
})

test('a token that has ended is told, and the next one of the application brings the bell back', async () => {
  const page = await host.page('eve')
  await host.server.notify('eve', 'before')
  await says(page, '[data-test=unread]', '1')
  await host.server.revoke('eve')
  await page.waitForSelector('[data-test=ended]')
  await page.click('[data-test=bell]')
  await says(page, '[data-test=bell-ended]', 'the token was refused')
  await page.click('[data-test=bell-connect]')
  await says(page, '[data-test=bell-ended]', 'the token was refused')
  await host.server.notify('eve', 'meanwhile')
  await renew(page, await host.server.token('eve'))
  await item(page, 'meanwhile').waitFor()
  await says(page, '[data-test=unread]', '2')
  await page.locator('[data-test=bell-ended]').waitFor({ state: 'detached' })
})

test('only a link that is one is opened', async () => {
  const page = await host.page('dan')
  const to = { users: ['dan'] }
  await host.server.post('/v1/notifications', { to, title: 'to a page', link: '/#/classic' })
  await page.click('[data-test=bell]')
  const popup = page.waitForEvent('popup')
  await item(page, 'to a page').click()
  expect((await popup).url()).toBe(`${host.url}/#/classic`)
})

test('markup is shown as text', async () => {
  const page = await host.page('cy')
  const to = { users: ['cy'] }
  await host.server.post('/v1/notifications', { to, title: HTML, content: HTML, data: { html: HTML } })
  await page.click('[data-test=bell]')
  await says(page, '[data-test=bell-item] .title', HTML)
  await says(page, '[data-test=bell-item] .content', HTML)
  await page.keyboard.press('Escape')
  await page.click('[data-test=connect]')
  await page.fill('#content', HTML)
  await page.click('[data-test=send]')
  await says(page, '[data-test=log]', HTML)
  const found = await page.evaluate(() => ({
    hacked: 'hacked' in window,
    images: document.querySelectorAll('img[src=x]').length,
  }))
  expect(found).toEqual({ hacked: false, images: 0 })
})
