import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { connect, says, state, tabTo, World } from './support/world.js'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Finding {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

/** What axe finds serious, in a few words each. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } }
    return (await axe.run()).violations
  })
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary}`))
}

let world: World
/** A notification that one has read and another has not got. */
let known: string

beforeAll(async () => {
  world = await World.start()
  await world.server.post('/v1/rooms', {
    kind: 'public',
    name: 'Lobby',
    id: 'lobby',
    members: ['admin', 'bob'],
  })
  await world.say(
    'lobby',
    { user: 'bob', content: 'Hello @admin', mentions: ['admin'] },
    { user: 'admin', content: 'And hello to you', reply_to: 2 },
    { user: 'bob', content: 'Here', attachments: [{ url: 'https://example.org/a.pdf', name: 'a.pdf' }] },
  )
  for (const level of ['info', 'success', 'warning', 'error']) {
    await world.server.post('/v1/notifications', {
      to: { users: ['admin'] },
      title: level,
      level,
      content: 'x',
    })
  }
  const { id } = await world.server.post<{ id: string }>('/v1/notifications', {
    to: { users: ['admin', 'nobody'] },
    title: 'known',
  })
  known = id
})

afterEach(() => world.closePages())

afterAll(() => world?.end())

const LOOKS = (['en-US', 'zh-CN'] as const).flatMap(locale =>
  (['light', 'dark'] as const).map(colorScheme => ({
    locale,
    colorScheme,
    reducedMotion: 'reduce' as const,
  })),
)

describe.each(LOOKS)('axe finds nothing serious in $locale, $colorScheme', look => {
  test('on the login page', async () => {
    const page = await world.page(look)
    await page.goto(world.server.url)
    await page.waitForSelector('#username')
    expect(await findings(page)).toEqual([])
    await page.goto(`${world.server.url}/#/login?way=token`)
    await page.fill('#token', await world.server.token('alice'))
    await says(page, 'dl', 'alice')
    expect(await findings(page)).toEqual([])
  })

  test('on the test page, whatever becomes of the connection', async () => {
    const page = await world.page(look)
    await world.logIn(page)
    expect(await findings(page)).toEqual([])
    await connect(page)
    for (const type of ['echo', 'custom']) await page.click(`[data-test=quick-${type}]`)
    await says(page, '[data-test=log]', 'custom_response')
    await page.locator('[data-test=log] [role=option]').last().click()
    expect(await findings(page)).toEqual([])
    await page.click('[data-test=drop]')
    await state(page, 'waiting')
    expect(await findings(page)).toEqual([])
    await page.locator('[data-test=strip] button').last().click()
    await state(page, 'closed')
    expect(await findings(page)).toEqual([])
    for (const tab of ['load', 'network']) {
      await world.go(page, `#/ws?tab=${tab}`)
      await page.waitForSelector(tab === 'load' ? '.load' : '.checks')
      expect(await findings(page)).toEqual([])
    }
  })

  test('on the notifications, their menus, the form and a trail', async () => {
    const page = await world.page(look)
    await world.logIn(page, '#/inbox')
    await page.locator('[data-test=item]').first().click()
    await page.locator('[data-test=reader]').waitFor()
    expect(await findings(page)).toEqual([])
    await page.locator('button', { has: page.locator('[data-test=bell]') }).click()
    await page.locator('[data-test=bell-item]').first().waitFor()
    expect(await findings(page)).toEqual([])

    await world.go(page, '#/inbox?view=publish')
    await page.fill('#api-key', world.server.key)
    await page.click('summary')
    await page.locator('.add').click()
    expect(await findings(page)).toEqual([])
    await page.fill('#title', 'By the form')
    await page.click('[data-test=send]')
    await page.locator('[data-test=outcome]').waitFor()
    expect(await findings(page)).toEqual([])

    await world.go(page, '#/inbox?view=trail')
    await page.locator('#trail-id').waitFor()
    expect(await findings(page)).toEqual([])
    await page.fill('#trail-id', known)
    await page.keyboard.press('Enter')
    await says(page, '[data-test=trail]', 'nobody')
    expect(await findings(page)).toEqual([])
  })

  test('in chat, with messages and with its dialog', async () => {
    const page = await world.page(look)
    await world.logIn(page, '#/chat')
    await page.locator('[data-test=room]').first().waitFor()
    expect(await findings(page)).toEqual([])
    await world.go(page, '#/chat/lobby')
    const message = page.locator('[data-test=message]')
    const named = message.filter({ hasText: 'Hello @admin' }).first()
    const mine = message.filter({ hasText: 'And hello to you' })
    await message.filter({ hasText: 'a.pdf' }).waitFor()
    await named.hover()
    await named.locator('.actions button').first().click()
    await page.locator('[data-test=reaction]').waitFor()
    await mine.hover()
    expect(await findings(page)).toEqual([])
    await mine.locator('[data-test=edit]').click()
    expect(await findings(page)).toEqual([])
    await page.click('[data-test=new-room]')
    await page.locator('dialog').waitFor()
    expect(await findings(page)).toEqual([])
    await page.keyboard.press('Escape')
    await named.hover()
    await named.locator('.actions button').first().click()
    await page.locator('[data-test=reaction]').waitFor({ state: 'detached' })
  })

  test('on the fleet, and before something is ended there', async () => {
    const page = await world.page(look)
    await world.logIn(page, '#/fleet')
    await page.locator('[data-test=node]').first().waitFor()
    await page.click('[data-test=find]')
    await page.locator('[data-test=session]').first().waitFor()
    await page.fill('[data-test=tail-channel]', 'all')
    await page.click('[data-test=tail-toggle]')
    await page.locator('[data-test=tail-empty]').waitFor()
    await world.server.post('/v1/notifications', { to: { all: true }, title: 'to everybody' })
    await page.locator('[data-test=tail-line]').first().waitFor()
    expect(await findings(page)).toEqual([])
    await page.fill('[data-test=tail-channel]', 'nonsense')
    await page.click('[data-test=tail-toggle]')
    await page.locator('[data-test=tail-refused]').waitFor()
    expect(await findings(page)).toEqual([])
    await page.locator('[data-test=kick]').first().click()
    await page.locator('dialog').waitFor()
    expect(await findings(page)).toEqual([])
  })

  test('in the menus of the head, and with the shortcuts', async () => {
    const page = await world.page(look)
    await world.logIn(page, '#/chat')
    await page.getByTitle('admin').click()
    await page.locator('[data-test=shortcuts]').waitFor()
    expect(await findings(page)).toEqual([])
    await page.click('[data-test=shortcuts]')
    await page.locator('dialog').waitFor()
    expect(await findings(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.locator('header button[aria-expanded]').first().click()
    await page.locator('header [role=dialog]').waitFor()
    expect(await findings(page)).toEqual([])
  })
})

test('everything on the way from the login to a message is done by keyboard', async () => {
  const page = await world.page()
  await page.goto(world.server.url)
  await page.waitForSelector('#username')
  await page.keyboard.type('admin')
  await page.keyboard.press('Tab')
  await page.keyboard.type('correct horse battery staple')
  await page.keyboard.press('Enter')
  await page.waitForSelector('nav')
  await tabTo(page, '[data-test=connect]')
  await page.keyboard.press('Enter')
  await state(page, 'open')
  await tabTo(page, '#content')
  await page.keyboard.press('Control+A')
  await page.keyboard.type('by keyboard')
  await page.keyboard.press('Control+Enter')
  await says(page, '[data-test=log]', 'by keyboard')
  await tabTo(page, '[data-test=log]')
  await page.keyboard.press('ArrowUp')
  await says(page, '[data-test=detail]', 'echo_response')
  await page.keyboard.press('Space')
  await says(page, '[data-test=pause]', 'Resume')
  await page.keyboard.press('Escape')
  await page.locator('[data-test=detail]').waitFor({ state: 'detached' })
  await page.keyboard.press('/')
  expect(await page.evaluate(() => document.activeElement?.getAttribute('data-test'))).toBe('filter')
  await tabTo(page, '[data-test=pause]')
  await page.keyboard.press('g')
  await page.keyboard.press('i')
  await page.waitForURL(/#\/inbox/)
  await page.keyboard.press('?')
  await page.getByRole('dialog').filter({ hasText: 'Keyboard shortcuts' }).waitFor()
})
