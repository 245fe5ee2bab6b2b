import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { echo, focused, LOG, rows } from './support/test-page.js'
import { connect, says, state, World } from './support/world.js'

// What the test page keeps, shows and hands out, and what of it is done by keyboard.

let world: World

beforeAll(async () => {
  world = await World.start()
})

afterEach(async () => {
  const complaints = world.complaints.splice(0)
  await world.closePages()
  expect(complaints).toEqual([])
})

afterAll(() => world?.end())

/** The test page of alice, who is told what she is sent. */
async function notified(): Promise<Page> {
  const page = await world.page()
  await world.logInAs(page, 'alice', {}, '#/ws?endpoint=notifications')
  await connect(page)
  return page
}

async function tell(...titles: string[]): Promise<void> {
  for (const title of titles) await world.server.notify('alice', title)
}

test('a log is exported, opened again, and counted on', async () => {
  const page = await world.page()
  await world.logIn(page)
  await connect(page)
  await echo(page, 'to be kept')
  await page.getByRole('button', { name: 'Export' }).click()
  const files: string[] = []
  for (const form of ['JSONL', 'CSV']) {
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: `Export ${form}` }).click()
    files.push(await (await download).path())
  }
  const [jsonl = '', csv = ''] = files
  const lines = readFileSync(jsonl, 'utf8').trim().split('\n')
  const kept = lines.map(line => JSON.parse(line) as { type: string; text: string })
  expect(kept.map(({ type }) => type)).toContain('echo_response')
  expect(kept.find(({ type }) => type === 'auth')?.text).toContain('"token":"…"')
  expect(readFileSync(csv, 'utf8').trim().split('\n').length).toBeGreaterThan(lines.length)

  await page.click('[data-test=clear]')
  await page.getByRole('button', { name: 'Export' }).click()
  const file = page.locator('input[type=file]')
  const buffer = Buffer.from(`${lines.join('\n')}\n{"no":"entry"}\n`)
  await file.setInputFiles({ name: 'kept.jsonl', mimeType: 'application/jsonl', buffer })
  await says(page, '[data-test=opened]', `Opened ${lines.length} entries`)
  await says(page, '[data-test=shown]', ` of ${lines.length}`)
  await rows(page, /echo_response.*to be kept/).waitFor()
  await echo(page, 'and on')
  // It is there until it has been seen, whatever else comes.
  await says(page, '[data-test=shown]', ` of ${lines.length + 2}`)
  await says(page, '[data-test=opened]', `Opened ${lines.length} entries`)
  await page.locator('[data-test=opened]').getByRole('button', { name: 'Close' }).click()
  await page.locator('[data-test=opened]').waitFor({ state: 'detached' })
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('INPUT')
  await page.getByRole('button', { name: 'Export' }).click()
  await file.setInputFiles({ name: 'none.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from('none') })
  await says(page, '[data-test=opened]', 'There are no entries in this file.')
  await says(page, '[data-test=log-status]', 'There are no entries in this file.')
})

test('entries are compared, pinned and copied', async () => {
  const page = await world.page()
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await world.logIn(page)
  await connect(page)
  await echo(page, 'one')
  await echo(page, 'another')
  const detail = page.locator('[data-test=detail]')
  const press = (name: string) => detail.getByRole('button', { name, exact: true }).click()
  await rows(page, /echo_response.*one/).click()
  await press('Compare')
  await says(page, '[data-test=detail]', 'Choose another entry')
  await rows(page, /echo_response.*another/).click()
  await detail.locator('.change.bad').filter({ hasText: 'one' }).waitFor()
  await detail.locator('.change.good').filter({ hasText: 'another' }).waitFor()

  await press('Pin this type')
  await says(page, '.pinned', 'another')
  await echo(page, 'the newest')
  await says(page, '.pinned', 'the newest')
  await press('Unpin')
  await page.locator('.pinned').waitFor({ state: 'detached' })

  const copied = async (name: string) => {
    await press(name)
    await says(page, '[data-test=detail]', `${name}: Copied`)
    return page.evaluate(() => navigator.clipboard.readText())
  }
  expect(JSON.parse(await copied('JSON'))).toMatchObject({ type: 'echo_response', message: 'another' })
  expect(await copied('websocat')).toContain('$FANFARE_TOKEN')
  expect(await copied('SDK')).toContain('client.on("echo_response"')

  // What was sent is sent again, except a frame whose token is hidden.
  await rows(page, /out\s*echo.*another/).click()
  await press('Send again')
  await rows(page, /echo_response.*another/)
    .nth(1)
    .waitFor()
  await rows(page, /out\s*auth/).click()
  await says(page, '[data-test=detail]', 'auth')
  expect(await detail.getByRole('button', { name: 'Send again' }).count()).toBe(0)
})

test('a paused log stands still under traffic, whatever the filter, and is told once', async () => {
  const page = await notified()
  await tell('before 1', 'before 2')
  await rows(page, 'before 2').waitFor()
  await page.click('[data-test=pause]')
  await says(page, '[data-test=log-status]', 'Paused')
  await page.locator('[data-test=log-status]').evaluate(status => {
    const said: string[] = []
    Object.assign(window, { said })
    const options = { childList: true, characterData: true, subtree: true }
    new MutationObserver(() => said.push(status.textContent)).observe(status, options)
  })
  await tell('while 1', 'while 2', 'while 3')
  await says(page, '[data-test=paused]', /Paused; ([3-9]|\d\d) came since/)
  await page.fill('[data-test=filter]', '/before|while/')
  await says(page, '[data-test=shown]', /^2 of/)
  expect(await rows(page, 'while').count()).toBe(0)
  expect(await page.evaluate(() => (window as unknown as { said: string[] }).said)).toEqual([])
  await page.click('[data-test=pause]')
  await rows(page, 'while 3').waitFor()
  await says(page, '[data-test=shown]', /^5 of/)
})

test('what is new below is counted by what the filter shows', async () => {
  const page = await notified()
  await tell(...Array.from({ length: 40 }, (_, index) => `line ${index}`))
  await rows(page, 'line 39').waitFor()
  await page.fill('[data-test=filter]', 'line')
  await page.locator(LOG).evaluate(log => log.scrollTo(0, 0))
  await rows(page, 'line 0').waitFor()
  await tell('line 40 odd', 'line 41')
  await says(page, '[data-test=unseen]', '2 new')
  await page.fill('[data-test=filter]', '/line [0-9]$|odd/')
  await says(page, '[data-test=unseen]', '1 new')
  await page.fill('[data-test=filter]', 'line')
  await says(page, '[data-test=unseen]', '2 new')
  await page.click('[data-test=unseen]')
  await page.locator('[data-test=unseen]').waitFor({ state: 'detached' })
  await rows(page, 'line 41').waitFor()
})

test('a row that is read stays where it is while older ones leave, and knows its place', async () => {
  const page = await notified()
  await page.getByRole('button', { name: 'Export' }).click()
  await page.fill('#log-entries', '100')
  await page.keyboard.press('Escape')
  await page.fill('[data-test=filter]', 'row')
  const send = (from: number, count: number) =>
    world.server.post(
      '/v1/notifications',
      Array.from({ length: count }, (_, index) => ({
        to: { users: ['alice'] },
        title: `row ${from + index}`,
      })),
    )
  await send(0, 120)
  await rows(page, 'row 119').waitFor()
  await page.locator(LOG).evaluate(log => log.scrollTo(0, 840))
  await page.locator(`${LOG} [aria-posinset="35"]`).waitFor()
  const id = await page.locator(`${LOG} [aria-posinset="35"]`).getAttribute('id')
  await send(120, 10)
  await page.locator(`#${id}[aria-posinset="35"]`).waitFor({ state: 'detached' })
  expect(Number(await page.locator(`#${id}`).getAttribute('aria-posinset'))).toBeLessThan(35)
})

test('a log keeps what it has while another number of entries is typed', async () => {
  const page = await notified()
  await world.server.post(
    '/v1/notifications',
    Array.from({ length: 130 }, (_, index) => ({ to: { users: ['alice'] }, title: `kept ${index}` })),
  )
  await rows(page, 'kept 129').waitFor()
  await page.fill('[data-test=filter]', 'kept')
  await says(page, '[data-test=shown]', /^130 of/)
  await page.getByRole('button', { name: 'Export' }).click()
  await page.focus('#log-entries')
  await page.keyboard.press('End')
  await page.keyboard.press('Backspace')
  await page.keyboard.type('1')
  expect(await page.inputValue('#log-entries')).toBe('5001')
  for (let digit = 0; digit < 3; digit += 1) await page.keyboard.press('Backspace')
  await page.keyboard.press('Home')
  // On the way from 5 to 105 the field says 10, then 105.
  await page.keyboard.type('10')
  await page.locator('#log-entries[aria-valuenow="105"]').waitFor()
  await says(page, '[data-test=shown]', /^130 of/)
  await page.keyboard.press('End')
  await page.keyboard.type('0')
  await page.keyboard.press('Enter')
  await page.locator('#log-entries[aria-valuenow="1050"]').waitFor()
  await says(page, '[data-test=shown]', /^130 of/)
  await page.keyboard.press('Backspace')
  await page.keyboard.press('Enter')
  await says(page, '[data-test=shown]', / of 105/)
})

test('Enter goes into the details of an entry, and Escape back to it', async () => {
  const page = await world.page()
  await world.logIn(page)
  await connect(page)
  await echo(page, 'looked at')
  const picked = page.locator(`${LOG} [aria-selected=true]`)
  await page.focus(LOG)
  await page.keyboard.press('Enter')
  await says(page, '[data-test=detail]', 'echo_response')
  expect(await focused(page)).toBe('detail')
  await page.keyboard.press('Escape')
  await page.locator('[data-test=detail]').waitFor({ state: 'detached' })
  expect(await focused(page)).toBe('log')
  await picked.filter({ hasText: 'echo_response' }).waitFor()
  const active = await page.getAttribute(LOG, 'aria-activedescendant')
  expect(await picked.getAttribute('id')).toBe(active)
  await page.keyboard.press('Enter')
  await page.locator('[data-test=detail]').getByLabel('Close').click()
  expect(await focused(page)).toBe('log')
  await page.keyboard.press('ArrowUp')
  await says(page, '[data-test=detail]', /#\d+ echo(?!_)/)
  expect(await picked.locator('[title^="UTC 20"]').count()).toBe(1)
})

test('a countdown is seen, and is not read out', async () => {
  const page = await world.page()
  await world.logIn(page)
  await connect(page)
  await page.locator('[data-test=strip]').evaluate(strip => {
    const told = { why: new Set<string>(), spoken: new Set<string>() }
    Object.assign(window, { told })
    const look = () => {
      for (const name of ['why', 'spoken'] as const)
        told[name].add(strip.querySelector(`[data-test=${name}]`)?.textContent ?? '')
    }
    new MutationObserver(look).observe(strip, { childList: true, characterData: true, subtree: true })
  })
  await world.server.kill()
  try {
    await says(page, '[data-test=why]', 'Attempt 3 of 5 in')
    await page.focus('[data-test=stop]')
    await page.keyboard.press('Enter')
    await state(page, 'closed')
    expect(await focused(page)).toBe('next')
  } finally {
    await world.server.startAgain()
  }
  const told = await page.evaluate(() => {
    const { why, spoken } = (window as unknown as { told: Record<'why' | 'spoken', Set<string>> }).told
    return { why: [...why], spoken: [...spoken] }
  })
  const waits = (lines: string[]) => lines.filter(line => line.includes('Attempt 2 of 5 in'))
  expect(waits(told.spoken)).toHaveLength(1)
  expect(waits(told.why).length).toBeGreaterThan(1)
  await page.keyboard.press('Enter')
  await state(page, 'open')
  expect(await focused(page)).toBe('next')
})

test('a channel may be typed before there is a connection, and cursors are shown as they move', async () => {
  const page = await world.page()
  await world.logInAs(page, 'alice', { channels: { 'topic:*': 'rw' } }, '#/ws?endpoint=notifications')
  await page.fill('[data-test=channel]', 'topic:early')
  await connect(page)
  await page.getByRole('button', { name: 'Subscribe', exact: true }).click()
  await rows(page, /subscribed.*topic:early/).waitFor()
  await page.getByText('About the connection').click()
  const cursor = page.locator('dt', { hasText: 'Cursors user:alice' }).locator('+ dd')
  const before = await cursor.textContent()
  await tell('moves it')
  await expect.poll(() => cursor.textContent()).not.toBe(before)
})
