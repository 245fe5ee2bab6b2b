import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { connect, findings, Host, says } from './support/host.js'

const folder = resolve(import.meta.dirname, '../../.screenshots')

let host: Host

beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  host = await Host.start()
  for (const [level, title] of [
    ['info', 'A new version is out'],
    ['success', '构建 4711 通过'],
    ['warning', 'The certificate ends in 7 days'],
    ['error', '支付回调失败'],
  ] as const) {
    const content = 'What happened, where, and what to do about it.'
    await host.server.post('/v1/notifications', { to: { users: ['alice'] }, title, level, content })
  }
})

afterEach(() => host.closePages())

afterAll(() => host?.end())

describe.each(['light', 'dark'] as const)('in %s', colorScheme => {
  test.each(['zh-CN', 'en-US'] as const)('axe finds nothing serious, in %s', async locale => {
    const name = `${locale.slice(0, 2)}-${colorScheme}`
    const page = await host.page('alice', { colorScheme, locale, reducedMotion: 'reduce' })
    await connect(page)
    for (const type of ['echo', 'chat', 'system_info', 'custom']) {
      await page.click(`[data-test=quick-${type}]`)
      await says(page, '[data-test=log]', `${type}_response`)
    }
    await page.locator('[data-test=log] [role=option]').last().click()
    await page.screenshot({ path: `${folder}/test-${name}.png`, animations: 'disabled' })
    expect(await findings(page)).toEqual([])
    await page.click('[data-test=bell]')
    await says(page, '[data-test=bell-item]', '4711')
    await page.screenshot({ path: `${folder}/bell-${name}.png`, animations: 'disabled' })
    expect(await findings(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.setViewportSize({ width: 1024, height: 900 })
    await page.screenshot({ path: `${folder}/narrow-${name}.png`, animations: 'disabled' })
    expect(host.complaints).toEqual([])
  })
})
