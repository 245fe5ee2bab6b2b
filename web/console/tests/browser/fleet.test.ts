import { afterEach, beforeEach, expect, test } from 'vitest'
import { connect, says, state, tabTo, World } from './support/world.js'

let world: World

beforeEach(async () => {
  world = await World.start()
})

afterEach(async () => {
  expect(world.complaints).toEqual([])
  await world.end()
})

test('an administrator finds and ends a session of another browser by keyboard, and its user is told why', async () => {
  const [admin, alice] = [await world.page(), await world.page()]
  await world.logInAs(alice, 'alice')
  await connect(alice)
  await world.logIn(admin, '#/fleet')
  await admin.locator('[data-test=node]').waitFor()

  await tabTo(admin, '[data-test=session-user]')
  await admin.keyboard.type('alice')
  await admin.keyboard.press('Enter')
  await says(admin, '[data-test=session]', '/ws/test/')
  // The test page's, which came last, and not the one that the bell listens by.
  await tabTo(admin, '[data-test=session]:first-child [data-test=kick]')
  await says(admin, '[data-test=session]:first-child', '/ws/test/')
  await admin.keyboard.press('Enter')
  await says(admin, 'dialog', 'End this session?')
  await admin.keyboard.press('Escape')
  await admin.locator('dialog').waitFor({ state: 'detached' })
  await state(alice, 'open')
  // The focus is where it was.
  await admin.keyboard.press('Enter')
  await tabTo(admin, 'dialog [data-test=confirm]')
  await admin.keyboard.press('Enter')

  await says(admin, '[data-test=told]', 'was ended')
  await state(alice, 'closed')
  await says(alice, '[data-test=why]', /Ended: removed by an operator.*\(4040\)/)
  await says(admin, '[data-test=closes]', /4040\s*removed by an operator/)
  expect(await admin.locator('[data-test=session]').allTextContents()).not.toContainEqual(
    expect.stringContaining('/ws/test/'),
  )
})

test('the newest sessions of all users are listed', async () => {
  const [admin, alice] = [await world.page(), await world.page()]
  await world.logInAs(alice, 'alice')
  await world.logIn(admin, '#/fleet')
  await admin.locator('[data-test=node]').waitFor()
  await admin.click('[data-test=find]')
  for (const user of ['admin', 'alice']) await says(admin, '[data-test=session]', user)
})

test('the charts show what is published, and how long it took', async () => {
  const [admin, alice] = [await world.page(), await world.page()]
  await world.logInAs(alice, 'alice')
  await world.logIn(admin, '#/fleet')
  await admin.locator('[data-test=node]').waitFor()
  for (const title of ['one', 'two', 'three']) await world.server.notify('alice', title)
  const chart = (name: RegExp) => admin.getByRole('img', { name })
  await chart(/^Messages: now [\d.]+\/s, at most [\d.]*[1-9][\d.]*\/s/).waitFor()
  await chart(/^Delivery p50: now [\d.]+ ms, at most [\d.]+ ms/).waitFor()
  await chart(/^Delivery p99: now [\d.]+ ms, at most [\d.]+ ms/).waitFor()
})

test('a node that is asked to drain tells its clients to come back', async () => {
  const [admin, alice] = [await world.page(), await world.page()]
  await world.logInAs(alice, 'alice')
  await connect(alice)
  await world.logIn(admin, '#/fleet')
  await admin.locator('[data-test=node]').waitFor()
  await tabTo(admin, '[data-test=drain]')
  await admin.keyboard.press('Enter')
  await says(admin, 'dialog', /Drain node .*\?/)
  await tabTo(admin, 'dialog [data-test=confirm]')
  await admin.keyboard.press('Enter')
  await says(admin, '[role=status]', /Asked .* to drain/)
  await state(alice, 'waiting')
  await says(alice, '[data-test=why]', /restarts.*\(1012\)/)
})
