import { type Browser, chromium } from 'playwright-core'
import { afterEach, expect, test } from 'vitest'
import { eachWorld } from './support/each-world.js'
import { echo, rows } from './support/test-page.js'
import { connect, executable, PASSWORD, says, type World } from './support/world.js'

let world: World
let browser: Browser | undefined

eachWorld(started => {
  world = started
})

afterEach(async () => {
  await browser?.close()
  browser = undefined
})

test('over plain HTTP, where a page is not secure, everything is there', async () => {
  const { port } = new URL(world.server.url)
  browser = await chromium.launch({
    executablePath: executable(),
    args: ['--no-sandbox', '--host-resolver-rules=MAP fanfare.test 127.0.0.1'],
  })
  const page = await world.pageOf(await browser.newContext({ locale: 'en-US' }))
  await page.goto(`http://fanfare.test:${port}`)
  expect(await page.evaluate(() => [isSecureContext, typeof crypto.randomUUID])).toEqual([false, 'undefined'])
  await page.fill('#username', 'admin')
  await page.fill('#password', PASSWORD)
  await page.keyboard.press('Enter')
  await page.waitForSelector('[data-test=strip]')
  await connect(page)
  await page.fill('[data-test=save-name]', 'kept')
  await page.click('[data-test=save]')
  await page.getByRole('button', { name: 'kept', exact: true }).waitFor()
  await echo(page, 'to be copied')
  await rows(page, 'echo_response').click()
  await page.getByRole('button', { name: 'JSON', exact: true }).click()
  await says(page, '[data-test=detail]', 'JSON: Copied')
  await page.fill('#content', '')
  await page.focus('#content')
  await page.keyboard.press('Control+V')
  expect(JSON.parse(await page.inputValue('#content'))).toMatchObject({ message: 'to be copied' })

  await page.goto(`http://fanfare.test:${port}/#/inbox?view=publish`)
  await says(page, '[data-test=command]', /Idempotency-Key: [0-9a-f]{12}/)
  await page.getByRole('button', { name: 'Copy', exact: true }).click()
  await page.getByRole('button', { name: 'Copied', exact: true }).waitFor()

  await page.goto(`http://fanfare.test:${port}/#/chat`)
  await page.click('[data-test=new-room]')
  await page.fill('#room-name', 'Plain')
  await page.click('[data-test=make-room]')
  await page.fill('[data-test=message-text]', 'over plain HTTP')
  await page.keyboard.press('Enter')
  await says(page, '[data-test=message]', 'over plain HTTP')
})
