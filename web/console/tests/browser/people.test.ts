import { expect, test } from 'vitest'
import { eachWorld } from './support/each-world.js'
import { says, type World } from './support/world.js'

let world: World

eachWorld(started => {
  world = started
})

test('what is published from the form lands in another browser, and reading it counts down everywhere', async () => {
  const [admin, alice] = [await world.page(), await world.page()]
  await world.logIn(admin, '#/inbox?view=publish')
  await world.logInAs(alice, 'alice', {}, '#/inbox')
  const second = await world.page()
  await world.logInAs(second, 'alice')

  await admin.fill('#api-key', world.server.key)
  await admin.fill('#users', 'alice')
  // Whatever is published, somebody has written it.
  expect(await admin.inputValue('#title')).toBe('')
  expect(await admin.locator('[data-test=send]').isDisabled()).toBe(true)
  await admin.fill('#title', 'Order 4711 is on its way')
  expect(await admin.textContent('[data-test=command]')).toContain('"title": "Order 4711 is on its way"')
  expect(await admin.textContent('[data-test=command]')).not.toContain(world.server.key)
  await admin.click('[data-test=send]')
  await says(admin, '[data-test=outcome]', 'durable: written to 1 channels')

  await says(alice, '[data-test=item]', 'Order 4711 is on its way')
  for (const page of [alice, second]) await says(page, '[data-test=unread]', '1')
  await alice.click('[data-test=item]')
  await says(alice, '[data-test=reader]', 'Order 4711 is on its way')
  for (const page of [alice, second]) await page.locator('[data-test=unread]').waitFor({ state: 'detached' })

  await admin.click('[data-test=to-trail]')
  await says(admin, '[data-test=trail]', /alice.*read.*acknowledged/)
})

test('a trail is looked up when its id is whole, and told in the language of the page', async () => {
  const page = await world.page({ locale: 'zh-CN' })
  await world.logIn(page, '#/inbox?view=publish')
  await page.fill('#api-key', world.server.key)
  const { id } = await world.server.post<{ id: string }>('/v1/notifications', {
    to: { users: ['nobody'] },
    title: 'x',
  })
  await world.go(page, '#/inbox?view=trail')
  const asked: string[] = []
  page.on('request', request => {
    if (request.url().includes('/v1/notifications/')) asked.push(new URL(request.url()).pathname)
  })
  await page.locator('#trail-id').pressSequentially(id)
  await page.keyboard.press('Enter')
  await says(page, '[data-test=trail]', '已发送')
  await says(page, '[data-test=trail]', '从未连接过')
  expect([...new Set(asked)]).toEqual([`/v1/notifications/${id}`])
  // What is looked at is in the address, for somebody else.
  expect(page.url()).toContain(id)
  // The server's own words are English.
  expect(await page.textContent('[data-test=trail]')).not.toMatch(/[a-z]+ [a-z]+ [a-z]+/)
  // Of an id that is taken away there is nothing to see.
  await page.fill('#trail-id', '')
  await page.keyboard.press('Enter')
  await page.locator('[data-test=trail]').waitFor({ state: 'detached' })
  await page.fill('#trail-id', 'nonsense')
  await page.keyboard.press('Enter')
  await says(page, '.trail [role=alert]', '没有完成')
})

test('a notification is archived, and one is marked unread again', async () => {
  const page = await world.page()
  for (const title of ['Kept', 'Put away']) await world.server.notify('alice', title)
  await world.logInAs(page, 'alice', {}, '#/inbox')
  const item = (title: string) => page.locator('[data-test=item]').filter({ hasText: title })
  await item('Put away').click()
  await says(page, '[data-test=unread]', '1')
  await page.focus('[data-test=archive]')
  await page.keyboard.press('Enter')
  await page.locator('[data-test=reading]:focus').waitFor()
  await item('Put away').waitFor({ state: 'detached' })
  await item('Kept').click()
  await page.locator('[data-test=unread]').waitFor({ state: 'detached' })
  await page.click('[data-test=toggle-read]')
  await says(page, '[data-test=unread]', '1')
  await says(page, '[data-test=item].unread', 'Kept')
  await page.getByText('Archived', { exact: true }).click()
  await item('Put away').waitFor()
  expect(await item('Kept').count()).toBe(0)
  // It is so on the server, and not only on this page.
  await page.reload()
  await item('Put away').waitFor()
  await says(page, '[data-test=unread]', '1')
})

test('two people talk', async () => {
  const [admin, alice] = [await world.page(), await world.page({ locale: 'zh-CN' })]
  await world.logIn(admin, '#/chat')
  await admin.click('[data-test=new-room]')
  await admin.fill('#room-name', 'Lobby')
  await admin.click('[data-test=make-room]')
  await admin.waitForSelector('[data-test=timeline]')
  await world.logInAs(alice, 'alice', { name: 'Alice' }, '#/chat')
  await alice.click('[data-test=new-room]')
  await alice.click('[aria-label="加入 Lobby"]')
  await says(admin, '[data-test=present]', /2 here/)
  await says(admin, '[data-test=member]', /●\s*Alice/)

  await admin.fill('[data-test=message-text]', 'Hello @alice')
  await says(alice, '[data-test=typing]', 'admin')
  await admin.keyboard.press('Enter')
  await says(alice, '[data-test=message]', 'Hello @alice')

  const first = alice.locator('[data-test=message]').first()
  await first.hover()
  await first.getByRole('button', { name: '用 🎉 回应' }).click()
  await says(admin, '[data-test=reaction]', '🎉 1')
  await first.locator('[data-test=reply]').click()
  await alice.keyboard.type('Hello back')
  await alice.keyboard.press('Enter')
  await says(admin, '[data-test=message]', /↪ admin Hello @alice\s*Hello back/)

  const second = alice.locator('[data-test=message]').nth(1)
  await second.hover()
  await second.locator('[data-test=edit]').click()
  await alice.keyboard.type('!')
  await alice.keyboard.press('Enter')
  await says(admin, '[data-test=message]', 'Hello back! (edited)')
  await second.hover()
  await second.locator('[data-test=delete]').click()
  await alice.getByRole('dialog').getByRole('button', { name: '删除' }).click()
  await says(admin, '[data-test=message]', 'This message was deleted by alice')
})

test('a room counts what was not read, and shows where it begins', async () => {
  const [admin, alice] = [await world.page(), await world.page()]
  const room = await world.server.post<{ id: string }>('/v1/rooms', {
    kind: 'private',
    name: 'Team',
    id: 'team',
    members: ['admin', 'alice'],
  })
  await world.logIn(admin, `#/chat/${room.id}`)
  await world.logInAs(alice, 'alice', {}, `#/chat/${room.id}`)
  for (const line of ['one', 'two']) {
    await admin.fill('[data-test=message-text]', line)
    await admin.keyboard.press('Enter')
    await says(alice, '[data-test=message]', line)
  }
  await world.go(alice, '#/ws')
  await admin.fill('[data-test=message-text]', 'three')
  await admin.keyboard.press('Enter')
  await says(admin, '[data-test=message]', 'three')
  await world.go(alice, '#/chat')
  await says(alice, '[data-test=room-unread]', '1')
  await alice.click('[data-test=room]')
  await alice.waitForSelector('[data-test=new-line]')
  await alice.locator('[data-test=room-unread]').waitFor({ state: 'detached' })
})
