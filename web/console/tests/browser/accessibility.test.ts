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

beforeAll(async () => {
  world = await World.start()
  await world.server.post('/v1/rooms', {
    kind: 'public',
    name: 'Lobby',
    id: 'lobby',
    members: ['admin', 'bob'],
  })
  for (const level of ['info', 'success', 'warning', 'error']) {
    await world.server.post('/v1/notifications', {
      to: { users: ['admin'] },
      title: level,
      level,
      content: 'x',
    })
  }
})

afterEach(() => world.closePages())

afterAll(() => world?.end())

describe.each(['light', 'dark'] as const)('axe finds nothing serious in %s', colorScheme => {
  test('on the login page', async () => {
    const page = await world.page({ colorScheme, reducedMotion: 'reduce' })
    await page.goto(world.server.url)
    await page.waitForSelector('#username')
    expect(await findings(page)).toEqual([])
    await page.goto(`${world.server.url}/#/login?way=token`)
    await page.fill('#token', await world.server.token('alice'))
    await says(page, 'dl', 'alice')
    expect(await findings(page)).toEqual([])
  })

  test('on the test page', async () => {
    const page = await world.page({ colorScheme, reducedMotion: 'reduce' })
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
    for (const tab of ['load', 'network']) {
      await world.go(page, `#/ws?tab=${tab}`)
      await page.waitForSelector(tab === 'load' ? '.load' : '.checks')
      expect(await findings(page)).toEqual([])
    }
  })

  test.each(['#/inbox', '#/inbox?view=publish', '#/inbox?view=trail', '#/chat', '#/chat/lobby', '#/fleet'])(
    'on %s',
    async hash => {
      const page = await world.page({ colorScheme, reducedMotion: 'reduce' })
      await world.logIn(page, hash)
      const ready: Record<string, string> = {
        '#/inbox': '[data-test=item]',
        '#/chat': '[data-test=room]',
        '#/chat/lobby': '[data-test=timeline]',
        '#/fleet': '[data-test=node]',
      }
      await page
        .locator(ready[hash] ?? 'main form')
        .first()
        .waitFor()
      if (hash === '#/inbox') await page.locator('[data-test=item]').first().click()
      if (hash === '#/fleet') {
        await page.click('[data-test=find]')
        await page.locator('[data-test=session]').first().waitFor()
      }
      expect(await findings(page)).toEqual([])
      if (hash === '#/fleet') {
        await page.locator('[data-test=kick]').first().click()
        await page.locator('dialog').waitFor()
        expect(await findings(page)).toEqual([])
      }
    },
  )
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
