import { expect, test } from 'vitest'
import { eachWorld } from './support/each-world.js'
import { LOG } from './support/test-page.js'
import { connect, says, state, type World } from './support/world.js'

let world: World

eachWorld(started => {
  world = started
})

test('all types of the test page are answered, with their round trips', async () => {
  const page = await world.page()
  await world.logIn(page)
  await connect(page)
  for (const type of ['echo', 'chat', 'system_info', 'custom']) {
    await page.click(`[data-test=quick-${type}]`)
    await says(page, `${LOG} [role=option]`, `${type}_response`)
  }
  await page.click('[data-test=quick-ping]')
  await page.getByText('Hide heartbeats').click()
  await says(page, `${LOG} [role=option]`, 'pong')
  await says(page, '[data-test=stats]', /RTT p50 \/ p95\s*\d/)
  // The token is nowhere in what is shown.
  await page.fill('[data-test=filter]', 'auth')
  await page.locator(`${LOG} [role=option]`).first().click()
  await page.getByText('Raw', { exact: true }).click()
  expect(await page.textContent('[data-test=detail]')).toContain('"token":"…"')
})

test('a lost server is told in words, five attempts are counted down, and what was missed comes', async () => {
  const page = await world.page()
  await world.logInAs(page, 'alice', {}, '#/ws?endpoint=notifications')
  await connect(page)
  await page.locator('[data-test=why]').evaluate(why => {
    const said = new Set<string>()
    Object.assign(window, { said })
    const options = { childList: true, characterData: true, subtree: true }
    new MutationObserver(() => said.add(why.textContent ?? '')).observe(why, options)
  })
  await world.server.kill()
  await says(page, '[data-test=why]', /Lost: the connection broke .* \(1006\)\. Attempt 1 of 5 in \d/)
  await state(page, 'closed', 60_000)
  await says(page, '[data-test=why]', 'None of 5 attempts got through, so it stopped.')
  // Each of them was counted down, and no other one.
  const said = await page.evaluate(() => [...(window as unknown as { said: Set<string> }).said])
  for (let attempt = 1; attempt <= 5; attempt += 1)
    expect(
      said.filter(why => why.includes(`Attempt ${attempt} of 5 in`)).length,
      `${attempt}`,
    ).toBeGreaterThan(1)
  expect(said.filter(why => /Attempt [06-9]/.test(why))).toEqual([])
  await world.server.startAgain()
  await world.server.notify('alice', 'while you were away')
  await page.getByRole('button', { name: 'Connect again' }).click()
  await state(page, 'open')
  const missed = page.locator(`${LOG} [role=option]`).filter({ hasText: 'while you were away' })
  await missed.filter({ hasText: 'late' }).waitFor()
})

test('a simulated loss comes back by itself', async () => {
  const page = await world.page()
  await world.logIn(page)
  await connect(page)
  await page.click('[data-test=drop]')
  await state(page, 'waiting')
  await page.getByRole('button', { name: 'Retry now' }).click()
  await state(page, 'open')
  await says(page, '[data-test=why]', /Back after/)
})

test('every fault of the network check ends as the contract says', async () => {
  const page = await world.page()
  await world.logIn(page, '#/ws?tab=network')
  await page.click('[data-test=run-all]')
  await page.waitForFunction(
    () => document.querySelectorAll('.checks .tag.good, .checks .tag.bad').length === 9,
    null,
    {
      timeout: 60_000,
    },
  )
  const broken = page.locator('.checks li', { has: page.locator('.tag.bad') })
  expect(await broken.allTextContents()).toEqual([])
  expect(await page.textContent('[data-test=checks-summary]')).toBe('9 as they should, 0 not')
})

test('the load tab measures, and says what was refused', async () => {
  const page = await world.page()
  await world.logIn(page, '#/ws?tab=load')
  await page.fill('#load-connections', '25')
  await page.fill('#load-ramp', '50')
  await page.click('[data-test=load-start]')
  await says(page, '.load', '4030 ×')
  await page.waitForFunction(() => {
    const answered = document.querySelectorAll('[data-test=load-figures] dd')[2]
    return Number(answered?.textContent) > 50
  })
  await page.click('[data-test=load-stop]')
})

test('a user whose tokens are revoked is told why he was sent away', async () => {
  const [admin, alice] = [await world.page(), await world.page()]
  await world.logInAs(alice, 'alice')
  await connect(alice)
  await world.logIn(admin, '#/fleet')
  await admin.locator('[data-test=node]').first().waitFor()
  await admin.fill('[data-test=session-user]', 'alice')
  await admin.click('[data-test=revoke]')
  await admin
    .getByRole('dialog')
    .getByRole('button', { name: /Revoke/ })
    .click()
  await says(admin, '[data-test=told]', 'alice')
  await state(alice, 'closed')
  await says(alice, '[data-test=why]', /Ended: .*token.*\(4001\)/)
})

test('a tab that is loaded again keeps its session, and a copy of it takes nothing away', async () => {
  const page = await world.page()
  await world.logIn(page)
  const refreshes = (tab: typeof page) =>
    tab.evaluate(() => 'refresh' in JSON.parse(sessionStorage.getItem('fanfare.session') ?? '{}'))
  const [copy] = await Promise.all([
    page.context().waitForEvent('page'),
    page.evaluate(() => void window.open(location.href)),
  ])
  await copy.waitForSelector('nav')
  await expect.poll(() => refreshes(copy), { timeout: 10_000 }).toBe(false)
  expect(await refreshes(page)).toBe(true)
  await copy.close()
  await page.reload()
  await page.waitForSelector('nav')
  // It holds what a copy waits for in vain, and with it the right to go on.
  const isHolder = () =>
    page.evaluate(async () => {
      const { held = [], pending = [] } = await navigator.locks.query()
      const count = (locks: LockInfo[]) =>
        locks.filter(({ name }) => name?.startsWith('fanfare.session.')).length
      return [count(held), count(pending)]
    })
  await expect.poll(isHolder).toEqual([1, 0])
  expect(await refreshes(page)).toBe(true)
})
