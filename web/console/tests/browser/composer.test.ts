import { expect, test } from 'vitest'
import { eachWorld } from './support/each-world.js'
import { focused, LOG, rows } from './support/test-page.js'
import { connect, says, state, type World } from './support/world.js'

// What is sent from the test page, and that no button leaves the focus behind.

let world: World

eachWorld(started => {
  world = started
})

test('saved messages have names, are sent by their keys, and are there after a reload', async () => {
  const page = await world.page()
  await world.logIn(page)
  for (const [content, name] of [
    ['first of two', ''],
    ['second of two', 'The other one'],
  ] as const) {
    await page.fill('#content', content)
    await page.fill('[data-test=save-name]', name)
    await page.click('[data-test=save]')
  }
  // Enter that ends a word of an input method saves nothing.
  await page.fill('[data-test=save-name]', 'half')
  await page.locator('[data-test=save-name]').evaluate(field => {
    const enter = { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }
    field.dispatchEvent(new KeyboardEvent('keydown', enter))
  })
  expect(await page.inputValue('[data-test=save-name]')).toBe('half')
  await page.reload()
  await connect(page)
  expect(await page.getByRole('button', { name: 'half', exact: true }).count()).toBe(0)
  await page.getByRole('button', { name: 'The other one', exact: true }).waitFor()
  await page.focus(LOG)
  await page.keyboard.press('2')
  await rows(page, /echo_response.*second of two/).waitFor()
  // Who writes a digit writes a digit.
  await page.fill('#content', '')
  await page.focus('#content')
  await page.keyboard.type('1')
  expect(await page.inputValue('#content')).toBe('1')
  await page.click('[aria-label="Remove The other one"]')
  await page.focus(LOG)
  await page.keyboard.press('2')
  await page.keyboard.press('1')
  await rows(page, /echo_response.*first of two/).waitFor()
  expect(await rows(page, /echo_response/).count()).toBe(2)
})

test('a message is repeated as often as was asked, from a button that keeps the focus', async () => {
  const page = await world.page()
  await world.logIn(page)
  const [times, every] = [page.getByLabel('Times'), page.getByLabel('Every (ms)')]
  const heartbeat = page.locator('#heartbeat')
  await heartbeat.fill('')
  await times.fill('5')
  await every.fill('')
  await page.focus('#content')
  expect(await heartbeat.inputValue()).toBe('30')
  expect(await every.inputValue()).toBe('100')
  await connect(page)
  await page.focus('[data-test=repeat]')
  await page.keyboard.press('Enter')
  await rows(page, 'echo_response').nth(4).waitFor()
  await says(page, '[data-test=repeat]', 'Start')
  expect(await focused(page)).toBe('repeat')
  expect(await rows(page, /echo(?!_response)/).count()).toBe(5)
})

test('what a lost connection makes useless keeps the focus, and says why it does nothing', async () => {
  const page = await world.page()
  await world.logIn(page)
  await connect(page)
  await page.focus('[data-test=drop]')
  await page.keyboard.press('Enter')
  await says(page, '[data-test=why]', 'Back after')
  expect(await focused(page)).toBe('drop')
  await page.focus('[data-test=next]')
  await page.keyboard.press('Enter')
  await state(page, 'closed')
  for (const name of ['repeat', 'quick-echo']) {
    await page.focus(`[data-test=${name}]`)
    await page.keyboard.press('Enter')
    await says(page, '[role=alert]', 'Not sent: there is no connection.')
    expect(await focused(page)).toBe(name)
    await says(page, '[data-test=repeat]', 'Start')
  }
})

test('the second click of a double one is not for what a button has become', async () => {
  const page = await world.page()
  await world.logIn(page)
  await page.dblclick('[data-test=connect]')
  await state(page, 'open')
  await page.getByLabel('Times').fill('1000')
  await page.dblclick('[data-test=repeat]')
  await says(page, '[data-test=repeat]', 'Stop')
  await rows(page, 'echo_response').nth(2).waitFor()
  await page.dblclick('[data-test=repeat]')
  await says(page, '[data-test=repeat]', 'Start')
  await page.dblclick('[data-test=next]')
  await state(page, 'closed')
  await page.dblclick('[data-test=next]')
  await state(page, 'open')
  await world.go(page, '#/ws?tab=load')
  await page.dblclick('[data-test=load-start]')
  await page.waitForSelector('[data-test=load-stop]')
  await says(page, '[data-test=load-figures]', /[1-9]/)
  await page.dblclick('[data-test=load-stop]')
  await page.waitForSelector('[data-test=load-start]')
})

test('a load is started and stopped by one button, and by Enter in a field', async () => {
  const page = await world.page()
  await world.logIn(page, '#/ws?tab=load')
  await page.fill('#load-connections', '1')
  await page.focus('#load-rate')
  await page.keyboard.press('Enter')
  await page.waitForSelector('[data-test=load-stop]')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('load-rate')
  await page.focus('[data-test=load-stop]')
  await page.keyboard.press('Enter')
  await page.waitForSelector('[data-test=load-start]')
  expect(await focused(page)).toBe('load-start')
})
