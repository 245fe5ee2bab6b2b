import { expect, test } from 'vitest'
import { eachWorld } from './support/each-world.js'
import { connect, says, state, tabTo, type World } from './support/world.js'

let world: World

eachWorld(started => {
  world = started
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
  // Its button has gone, and the keyboard goes on from where it was.
  await admin.locator('[data-test=sessions]:focus').waitFor()
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

test('sessions are found by a part of their node or address', async () => {
  const [admin, alice] = [await world.page(), await world.page()]
  await world.logInAs(alice, 'alice')
  await world.logIn(admin, '#/fleet')
  await admin.click('[data-test=find]')
  await says(admin, '[data-test=session]', 'alice')
  await admin.fill('[data-test=session-place]', 'no such place')
  await admin.locator('[data-test=session]').first().waitFor({ state: 'detached' })
  await says(admin, '[data-test=session-count]', '0 of them match')
  await says(admin, '[data-test=sessions]', 'None of those that were found match.')
  await admin.fill('[data-test=session-place]', '127.0.0')
  await says(admin, '[data-test=session]', 'alice')
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
  await alice.close()
  await chart(/^Closes in 10 s, by code: now \d+, at most [1-9]/).waitFor()
})

test('a node that is silent is gone, counts no more, and is forgotten after some minutes', async () => {
  const admin = await world.page()
  await admin.clock.install()
  await world.logIn(admin, '#/fleet')
  const node = admin.locator('[data-test=node]')
  await node.filter({ hasText: /\d s/ }).waitFor()
  const connections = (now: string) =>
    admin.getByRole('img', { name: new RegExp(`^Connections: now ${now},`) })
  await connections('[1-9]').waitFor()
  await world.server.kill()
  await admin.clock.fastForward('00:15')
  await node.filter({ hasText: 'gone for 0:1' }).waitFor()
  await says(admin, '[data-test=gone]', 'gone: 1')
  await connections('0').waitFor()
  await admin.clock.fastForward('05:00')
  await node.waitFor({ state: 'detached' })
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
  await admin.locator('[role=region]:focus').waitFor()
  await state(alice, 'waiting')
  await says(alice, '[data-test=why]', /restarts.*\(1012\)/)
})

test('the tail follows its newest line, and stays where somebody has scrolled up to', async () => {
  const admin = await world.page()
  await world.logIn(admin, '#/fleet')
  await admin.fill('[data-test=tail-channel]', 'all')
  await admin.keyboard.press('Enter')
  await says(admin, '[data-test=tail-toggle]', 'Stop')
  const publish = (title: string) => world.server.post('/v1/notifications', { to: { all: true }, title })
  await says(admin, '[data-test=tail-empty]', 'Nothing yet.')
  for (let index = 1; index <= 20; index += 1) await publish(`line ${index}.`)
  await says(admin, '[data-test=tail-line]', 'line 20.')
  const box = admin.locator('[data-test=tail-lines]')
  const left = () => box.evaluate(el => Math.round(el.scrollHeight - el.scrollTop - el.clientHeight))
  await expect.poll(left).toBe(0)

  await box.evaluate(el => el.scrollTo(0, 0))
  await admin.locator('[data-test=tail-newest][aria-disabled=false]').waitFor()
  await publish('line 21.')
  await says(admin, '[data-test=tail-line]', 'line 21.')
  expect(await box.evaluate(el => el.scrollTop)).toBe(0)
  await admin.focus('[data-test=tail-newest]')
  await admin.keyboard.press('Enter')
  await expect.poll(left).toBe(0)
  await admin.locator('[data-test=tail-newest][aria-disabled=true]:focus').waitFor()
  await publish('line 22.')
  await says(admin, '[data-test=tail-line]', 'line 22.')
  await expect.poll(left).toBe(0)
})

test('the tail says in words what it cannot read, and its button keeps the focus', async () => {
  const admin = await world.page()
  await world.logIn(admin, '#/fleet?tail=nonsense')
  await tabTo(admin, '[data-test=tail-toggle]')
  await admin.keyboard.press('Enter')
  await says(admin, '[data-test=tail-refused]', /^\s*nonsense cannot be read: a field is missing or wrong \(/)
  const hasFocus = () =>
    admin.evaluate(() => document.activeElement?.matches('[data-test=tail-toggle]') ?? false)
  expect(await hasFocus()).toBe(true)
  await says(admin, '[data-test=tail-toggle]', 'Stop')
  await admin.keyboard.press('Enter')
  await admin.locator('[data-test=tail-refused]').waitFor({ state: 'detached' })
  expect(await hasFocus()).toBe(true)
})

test('the tail says that its connection is lost, and where something is missing', async () => {
  const admin = await world.page()
  await world.logIn(admin, '#/fleet?tail=topic:builds')
  // The second click is not meant for the "Stop" that the button has become.
  await admin.dblclick('[data-test=tail-toggle]')
  await says(admin, '[data-test=tail-toggle]', 'Stop')
  const publish = (state: string) =>
    world.server.post('/v1/publish', { channel: 'topic:builds', data: { state } })
  await says(admin, '[data-test=tail-empty]', 'Nothing yet.')
  await publish('green')
  await says(admin, '[data-test=tail-line]', 'green')
  await world.server.kill()
  await says(admin, '[data-test=tail-away]', 'The connection is lost')
  await world.server.startAgain()
  await says(admin, '[data-test=tail-gap]', 'what was said meanwhile is missing')
  await admin.locator('[data-test=tail-away]').waitFor({ state: 'detached' })
  await publish('red')
  await says(admin, '[data-test=tail-gap] >> xpath=../following-sibling::li', 'red')
})

test('what is another user’s is watched beside the inbox, and neither counted nor acknowledged there', async () => {
  const admin = await world.page()
  const acked: string[] = []
  await admin.routeWebSocket(/\/ws\/(notifications\/)?$/, socket => {
    const server = socket.connectToServer()
    const timestamp = new Date().toISOString()
    const channel = 'user:alice'
    const tell = (frame: object) => socket.send(JSON.stringify({ channel, timestamp, ...frame }))
    // A server that lets an administrator read it.
    socket.onMessage(text => {
      const frame = JSON.parse(String(text))
      if (frame.type === 'ack') acked.push(frame.id)
      if (frame.type !== 'subscribe' || frame.channel !== channel) return server.send(text)
      tell({ type: 'subscribed', id: frame.id, data: { recovered: false } })
      const data = { id: 'n1', n: 1, title: 'for her alone', created_at: timestamp }
      tell({ type: 'notification', n: 1, cursor: 'e.1.1', data })
    })
  })
  await world.logIn(admin, '#/fleet?tail=user:alice')
  await admin.click('[data-test=tail-toggle]')
  await says(admin, '[data-test=tail-line]', 'for her alone')
  // Whatever came of it has come before what is told later.
  await world.server.notify('admin', 'for the administrator')
  await says(admin, '[data-test=unread]', '1')
  await expect.poll(() => acked.length).toBe(1)
  expect(acked).not.toContain('n1')
})

test('an administrator sees what is said on any topic, and not what is somebody’s own', async () => {
  const admin = await world.page()
  await world.logIn(admin, '#/fleet?tail=topic:builds')
  await admin.click('[data-test=tail-toggle]')
  await says(admin, '[data-test=tail-empty]', 'Nothing yet.')
  await world.server.post('/v1/publish', { channel: 'topic:builds', data: { state: 'green' } })
  await says(admin, '[data-test=tail-line]', 'green')
  await admin.fill('[data-test=tail-channel]', 'user:alice')
  await admin.click('[data-test=tail-toggle]')
  await says(admin, '[data-test=tail-refused]', 'user:alice is for those whose it is.')
})
