import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { eachWorld } from './support/each-world.js'
import { connect, pressEnterOn, says, tabTo, type World } from './support/world.js'

// Everything here is done without a pointer.

let world: World

eachWorld(started => {
  world = started
})

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true })

/** Whether the focus is within. */
const hasFocus = (page: Page, selector: string) =>
  page.evaluate(wanted => !!document.activeElement?.closest(wanted), selector)

describe('in a room', () => {
  async function enter(page: Page): Promise<void> {
    await world.server.post('/v1/rooms', {
      kind: 'private',
      name: 'Team',
      id: 'team',
      members: ['alice', 'bob'],
    })
    await world.say('team', { user: 'bob', content: 'Shall we?' }, { user: 'bob', content: 'Now?' })
    await world.logInAs(page, 'alice', {}, '#/chat/team')
    await says(page, '[data-test=message]', 'Now?')
  }

  const message = (page: Page, text: string) => page.locator('[data-test=message]').filter({ hasText: text })

  test('messages are sent, answered, edited, reacted to and deleted', async () => {
    const page = await world.page()
    await enter(page)
    await tabTo(page, '[data-test=message-text]')
    await page.keyboard.type('Yes')
    await page.keyboard.press('Enter')
    await message(page, 'Yes').waitFor()

    // Back to the newest message, and up to the first.
    await tabTo(page, message(page, 'Yes'), 'Shift+Tab')
    await page.keyboard.press('ArrowUp')
    await tabTo(page, message(page, 'Shall we?'), 'ArrowUp')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await says(page, '[data-test=reaction]', '👍 1')
    expect(await hasFocus(page, '[data-test=message]')).toBe(true)

    await pressEnterOn(page, message(page, 'Shall we?').locator('[data-test=reply]'), 'ArrowRight')
    await tabTo(page, '[data-test=message-text]')
    await page.keyboard.type('We shall')
    await page.keyboard.press('Enter')
    await says(page, '[data-test=message]', /↪ bob Shall we\?\s*We shall/)

    await tabTo(page, message(page, 'Shall we?').first(), 'Shift+Tab')
    await page.keyboard.press('End')
    await pressEnterOn(page, message(page, 'We shall').locator('[data-test=edit]'), 'ArrowRight')
    expect(await hasFocus(page, '[data-test=message-text]')).toBe(true)
    await page.keyboard.press('End')
    await page.keyboard.type(', soon')
    await page.keyboard.press('Enter')
    await says(page, '[data-test=message]', 'We shall, soon (edited)')

    await tabTo(page, message(page, 'We shall, soon'), 'Shift+Tab')
    await pressEnterOn(page, message(page, 'We shall, soon').locator('[data-test=delete]'), 'ArrowRight')
    await pressEnterOn(page, '[data-test=confirm]')
    await says(page, '[data-test=message]', 'This message was deleted by alice')
    // Whoever was there is there still.
    expect(await hasFocus(page, '[data-test=message]')).toBe(true)
  })

  test('all messages together are one tab stop, and Escape comes back to the message', async () => {
    const page = await world.page()
    await enter(page)
    const stops = () =>
      page
        .locator('[data-test=timeline]')
        .evaluate(
          box => [box, ...box.querySelectorAll<HTMLElement>('*')].filter(one => one.tabIndex >= 0).length,
        )
    expect(await stops()).toBe(1)
    await tabTo(page, message(page, 'Now?'))
    await page.keyboard.press('ArrowUp')
    expect(await stops()).toBe(1)
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    expect(await hasFocus(page, '.actions')).toBe(true)
    await page.keyboard.press('Escape')
    expect(await page.evaluate(() => document.activeElement?.matches('[data-test=message]'))).toBe(true)
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('Shall we?')
  })

  test('a new room is made, and the focus comes back from there', async () => {
    const page = await world.page()
    await enter(page)
    await pressEnterOn(page, '[data-test=new-room]')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await hasFocus(page, '[data-test=new-room]')).toBe(true)
    await page.keyboard.press('Enter')
    await tabTo(page, '#room-name')
    await page.keyboard.type('Lobby')
    await page.keyboard.press('Enter')
    await page.locator('h1').filter({ hasText: 'Lobby' }).waitFor()
    expect(await hasFocus(page, '[data-test=new-room]')).toBe(true)
  })
})

test('the shortcuts give the focus back to where they were called', async () => {
  const page = await world.page()
  await world.logInAs(page, 'alice', {}, '#/inbox')
  const dialog = page.getByRole('dialog').filter({ hasText: 'Keyboard shortcuts' })
  await tabTo(page, '[data-test=read-all]:enabled, nav a[href="#/chat"]')
  await page.keyboard.press('?')
  await dialog.waitFor()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  expect(await hasFocus(page, '[data-test=read-all], nav a[href="#/chat"]')).toBe(true)

  await pressEnterOn(page, page.getByTitle('alice'))
  await pressEnterOn(page, '[data-test=shortcuts]')
  await dialog.waitFor()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  expect(await page.evaluate(() => (document.activeElement as HTMLElement).title)).toBe('alice')
})

test('a notification is published, and looked up', async () => {
  const page = await world.page()
  await world.logIn(page, '#/inbox?view=publish')
  await tabTo(page, '#api-key')
  await page.keyboard.type(world.server.key)
  await tabTo(page, '#users')
  await page.keyboard.press('Control+A')
  await page.keyboard.type('alice')
  await tabTo(page, '#title')
  await page.keyboard.type('By keyboard')
  await pressEnterOn(page, 'summary')
  await tabTo(page, '#link')
  await page.keyboard.type('https://example.org')
  await pressEnterOn(page, '[data-test=send]')
  await says(page, '[data-test=outcome]', 'durable')
  await pressEnterOn(page, '[data-test=to-trail]')
  await says(page, '[data-test=trail]', /alice.*not delivered: never connected/)
})

test('the bell is opened, and one of its notifications is read', async () => {
  const page = await world.page()
  await world.logInAs(page, 'alice', {}, '#/chat')
  await world.server.notify('alice', 'Ring')
  await says(page, '[data-test=unread]', '1')
  await pressEnterOn(page, page.locator('button', { has: page.locator('[data-test=bell]') }))
  await pressEnterOn(page, '[data-test=bell-item]')
  await says(page, '[data-test=reader] h1', 'Ring')
  await page.locator('[data-test=unread]').waitFor({ state: 'detached' })
})

test('an entry of the log is copied, and the log is exported', async () => {
  const page = await world.page()
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await world.logInAs(page, 'alice')
  await connect(page)
  await pressEnterOn(page, '[data-test=quick-echo]')
  await says(page, '[data-test=log]', 'echo_response')
  await tabTo(page, '[data-test=log]')
  await page.keyboard.press('ArrowUp')
  await says(page, '[data-test=detail]', 'echo_response')
  await pressEnterOn(page, button(page, 'JSON'))
  await says(page, '[data-test=detail] [role=status]', /./)
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  expect(JSON.parse(copied)).toMatchObject({ type: 'echo_response' })

  await pressEnterOn(page, page.getByTitle('Export'))
  await tabTo(page, button(page, 'Export JSONL'))
  const [file] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')])
  expect(file.suggestedFilename()).toMatch(/\.jsonl$/)
  const lines = readFileSync(await file.path(), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(lines.map(({ type }) => type)).toContain('echo_response')
})

test('a message is saved, and sent with its number', async () => {
  const page = await world.page()
  await world.logInAs(page, 'alice')
  await connect(page)
  await tabTo(page, '#content')
  await page.keyboard.press('Control+A')
  await page.keyboard.type('saved for later')
  await pressEnterOn(page, button(page, 'Save as a quick message'))
  await tabTo(page, page.getByRole('button', { name: 'saved for later' }).first())
  await page.keyboard.press('1')
  await says(page, '[data-test=log] [role=option]', 'saved for later')
})

test('load is put on the server, and taken off', async () => {
  const page = await world.page()
  await world.logInAs(page, 'alice', {}, '#/ws?tab=load')
  await pressEnterOn(page, '[data-test=load-start]')
  await page.locator('[data-test=load-stop]').waitFor()
  const figures = page.locator('[data-test=load-figures] dd')
  await expect
    .poll(async () => Number(await figures.nth(2).textContent()), { timeout: 20_000 })
    .toBeGreaterThan(0)
  await pressEnterOn(page, '[data-test=load-stop]')
  await page.locator('[data-test=load-start]').waitFor()
})

test('a fault of the network is tried', async () => {
  const page = await world.page()
  await world.logInAs(page, 'alice', {}, '#/ws?tab=network')
  await pressEnterOn(page, page.locator('.checks li').first().getByRole('button'))
  await page.locator('.checks li').first().locator('.tag.good').waitFor()
  await tabTo(page, '[data-test=run-all]')
})
