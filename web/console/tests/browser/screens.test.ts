import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { connect, state, World } from './support/world.js'

const folder = resolve(import.meta.dirname, '../../.screenshots')

let world: World
/** Of the notification whose trail is looked at. */
let last = ''

beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  world = await World.start()
  const { server } = world
  await server.post('/v1/rooms', { kind: 'public', name: 'Lobby', id: 'lobby', members: ['admin', 'bob'] })
  await world.say(
    'lobby',
    { user: 'bob', content: 'Hello @admin', mentions: ['admin'] },
    { user: 'bob', content: 'The deployment is through.' },
    { user: 'admin', content: '上线完成，大家辛苦了！', reply_to: 3 },
  )
  for (const [level, title] of [
    ['info', 'A new version is out'],
    ['success', '构建 4711 通过'],
    ['warning', 'The certificate ends in 7 days'],
    ['error', '支付回调失败'],
  ] as const) {
    const content = 'What happened, where, and what to do about it.'
    const { id } = await server.post<{ id: string }>('/v1/notifications', {
      to: { users: ['admin'] },
      title,
      level,
      content,
      link: '/orders/7',
    })
    last = id
  }
})

afterEach(() => world.closePages())

afterAll(() => world?.end())

/** What is done on each page before it is looked at. */
const PAGES: Readonly<Record<string, { hash: string; before?: (page: Page) => Promise<unknown> }>> = {
  test: {
    hash: '#/ws',
    before: async page => {
      await connect(page)
      for (const type of ['echo', 'chat', 'system_info', 'custom']) {
        await page.click(`[data-test=quick-${type}]`)
        await page
          .locator('[data-test=log] [role=option]')
          .filter({ hasText: `${type}_response` })
          .waitFor()
      }
      await page.locator('[data-test=log] [role=option]').last().click()
    },
  },
  'test-retrying': {
    hash: '#/ws',
    before: async page => {
      await connect(page)
      await page.click('[data-test=drop]')
      await state(page, 'waiting')
    },
  },
  load: { hash: '#/ws?tab=load' },
  network: { hash: '#/ws?tab=network' },
  inbox: {
    hash: '#/inbox',
    before: page => page.locator('[data-test=item]').nth(1).click(),
  },
  publish: { hash: '#/inbox?view=publish', before: page => page.locator('summary').click() },
  trail: {
    // A trail needs the key, which is forgotten with the page.
    hash: '#/inbox?view=publish',
    before: async page => {
      await page.fill('#api-key', world.server.key)
      await world.go(page, '#/inbox?view=trail')
      await page.fill('#trail-id', last)
      await page.keyboard.press('Enter')
      await page.locator('[data-test=trail] li').first().waitFor()
    },
  },
  bell: {
    hash: '#/chat',
    before: async page => {
      await page.locator('button', { has: page.locator('[data-test=bell]') }).click()
      await page.locator('[data-test=bell-item]').nth(3).waitFor()
    },
  },
  'new-room': {
    hash: '#/chat',
    before: async page => {
      await page.click('[data-test=new-room]')
      await page.locator('dialog').waitFor()
    },
  },
  shortcuts: {
    hash: '#/ws',
    before: async page => {
      await page.keyboard.press('?')
      await page.locator('dialog').waitFor()
    },
  },
  chat: {
    hash: '#/chat/lobby',
    before: async page => {
      const last = page.locator('[data-test=message]').filter({ hasText: '上线完成' })
      await last.waitFor()
      await last.hover()
    },
  },
  fleet: {
    hash: '#/fleet',
    before: async page => {
      await page.click('[data-test=find]')
      await page.locator('[data-test=session]').first().waitFor()
      // Two reports make a line.
      await page.waitForSelector('[data-test=chart] path[d*=L]', { state: 'attached' })
    },
  },
  'fleet-drain': {
    hash: '#/fleet',
    before: async page => {
      await page.locator('[data-test=drain]').first().click()
      await page.locator('dialog').waitFor()
    },
  },
}

const looks = (['zh-CN', 'en-US'] as const).flatMap(locale =>
  (['light', 'dark'] as const).map(colorScheme => ({ locale, colorScheme })),
)

test.each(looks)('every page is there to be looked at, %o', async look => {
  const name = `${look.locale.slice(0, 2)}-${look.colorScheme}`
  const page = await world.page(look)
  await page.goto(world.server.url)
  await page.waitForSelector('#username')
  await page.screenshot({ path: `${folder}/login-${name}.png` })
  await world.logIn(page)
  for (const [key, { hash, before }] of Object.entries(PAGES)) {
    await world.go(page, hash)
    await page.reload()
    await page.waitForSelector('main > *')
    await before?.(page)
    await page.screenshot({ path: `${folder}/${key}-${name}.png`, animations: 'disabled' })
  }
  await page.setViewportSize({ width: 420, height: 900 })
  await world.go(page, '#/ws')
  await page.screenshot({ path: `${folder}/narrow-${name}.png`, animations: 'disabled' })
  expect(world.complaints).toEqual([])
})
