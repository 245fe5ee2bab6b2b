import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { connect, Host, says, state } from './support/host.js'

let host: Host

beforeAll(async () => {
  host = await Host.start()
})

afterEach(async () => {
  await host.closePages()
  expect(host.complaints).toEqual([])
})

afterAll(() => host?.end())

const ROW = '[data-test=log] [role=option]'

test('the test page connects as whoever is logged in, and all five types are answered', async () => {
  const page = await host.page('alice')
  await connect(page)
  await says(page, '[data-test=why]', 'alice')
  for (const type of ['echo', 'chat', 'system_info', 'custom']) {
    await page.click(`[data-test=quick-${type}]`)
    await says(page, ROW, `${type}_response`)
  }
  await page.click('[data-test=quick-ping]')
  await page.getByText('Hide heartbeats').click()
  await says(page, ROW, 'pong')
})

test('language and colours are those of the application, at once', async () => {
  const page = await host.page('alice')
  const look = () =>
    page.evaluate(() => getComputedStyle(document.querySelector('.strip') as Element).backgroundColor)
  await says(page, '[data-test=connect]', 'Connect')
  await page.click('[data-test=locale]')
  await says(page, '[data-test=connect]', '连接')
  const light = await look()
  await page.click('[data-test=theme]')
  await expect.poll(look).not.toBe(light)
})

test('no style of the package reaches what is not its own', () => {
  const css = readFileSync(resolve(import.meta.dirname, '../../../vue/dist/style.css'), 'utf8').replaceAll(
    /\/\*.*?\*\//gs,
    '',
  )
  const selectors = [...css.matchAll(/(?:^|[{}])([^{}@;]+)\{/g)].flatMap(([, list = '']) => list.split(','))
  const loose = selectors.filter(one => !/\.fanfare|\[data-v-|^\s*(from|to|\d+%)/.test(one))
  expect(selectors.length).toBeGreaterThan(100)
  expect(loose).toEqual([])
})

test('a lost server is told, five attempts are counted, and it connects again', async () => {
  const page = await host.page('alice')
  await connect(page)
  await host.server.kill()
  await says(page, '[data-test=why]', 'Attempt 1 of 5')
  await says(page, '[data-test=why]', 'Attempt 2 of 5')
  await state(page, 'closed')
  await says(page, '[data-test=why]', 'None of 5 attempts got through')
  await host.server.startAgain()
  await page.getByRole('button', { name: 'Connect again' }).click()
  await state(page, 'open')
})

test('keys of the test page are heard on it alone, though it is kept alive behind another', async () => {
  const page = await host.page('alice')
  await connect(page)
  await page.getByRole('button', { name: 'Save as a quick message' }).click()
  const isTakenOver = (key: string) =>
    page.evaluate(key => {
      const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })
      return !document.body.dispatchEvent(event)
    }, key)
  await page.evaluate(() => {
    location.hash = '#/classic'
  })
  await says(page, '[data-test=classic] li', /^echo_response: .*classic/)
  expect(await isTakenOver('/')).toBe(false)
  await isTakenOver('1')
  await page.getByRole('link', { name: 'WebSocket test' }).click()
  await page.waitForSelector('[data-test=strip]')
  expect(await isTakenOver('/')).toBe(true)
  await isTakenOver('1')
  await says(page, ROW, 'echo_response')
  expect(await page.locator(ROW).filter({ hasText: 'echo_response' }).count()).toBe(1)
})

test('the classic module connects with the token of the store', async () => {
  const page = await host.page('alice')
  await page.goto(`${host.url}/#/classic`)
  await says(page, '[data-test=classic] li', /^echo_response: .*classic/)
})
