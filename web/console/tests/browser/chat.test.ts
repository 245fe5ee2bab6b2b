import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { eachWorld } from './support/each-world.js'
import { says, type World } from './support/world.js'

let world: World

eachWorld(started => {
  world = started
})

/** A room of `alice` and four others, who have said `count` lines: `line 1.`, `line 2.`, … */
async function team(count: number): Promise<void> {
  const others = ['bob', 'carol', 'dave', 'erin']
  await world.server.post('/v1/rooms', {
    kind: 'private',
    name: 'Team',
    id: 'team',
    members: ['alice', ...others],
  })
  await talk(1, count)
}

async function talk(from: number, to: number): Promise<void> {
  const others = ['bob', 'carol', 'dave', 'erin'] as const
  const lines = Array.from({ length: to - from + 1 }, (_, index) => ({
    user: others[index % 4] as string,
    content: `line ${from + index}.`,
  }))
  await world.say('team', ...lines)
}

const TIMELINE = '[data-test=timeline]'

/** Where a message stands in the timeline, in pixels from its upper edge; `undefined` when it is not there. */
function placeOf(page: Page, text: string): Promise<number | undefined> {
  return page.evaluate(
    ([wanted, selector]) => {
      const top = document.querySelector(selector as string)?.getBoundingClientRect().top ?? 0
      const rows = [...document.querySelectorAll('[data-test=message]')]
      const row = rows.find(one => one.textContent?.includes(wanted as string))
      return row && Math.round(row.getBoundingClientRect().top - top)
    },
    [text, TIMELINE],
  )
}

const scrollTo = (page: Page, top: number) =>
  page.locator(TIMELINE).evaluate((box, to) => box.scrollTo(0, to), top)

test('unread ones beyond the newest page are led to, and read on from there', async () => {
  const alice = await world.page()
  await team(3)
  await world.logInAs(alice, 'alice', {}, '#/chat/team')
  await says(alice, '[data-test=message]', 'line 3.')
  await alice.locator('[data-test=room-unread]').waitFor({ state: 'detached' })
  await world.go(alice, '#/ws')
  await talk(4, 130)

  await world.go(alice, '#/chat/team')
  await says(alice, '[data-test=message]', 'line 130.')
  // Its first is not where the new ones begin.
  expect(await alice.locator('[data-test=new-line]').count()).toBe(0)
  await alice.click('[data-test=to-unread]')
  await says(alice, '[data-test=new-line]', 'New from here')
  await says(alice, '[data-test=new-line] + [data-test=message]', 'line 4.')
  expect(await placeOf(alice, 'line 4.')).toBeLessThan(80)
  expect(await alice.evaluate(() => document.activeElement?.textContent)).toContain('line 4.')
  await alice.locator('[data-test=to-unread]').waitFor({ state: 'detached' })

  // On to the newest, a page with each time that the end of what is there is seen.
  while ((await placeOf(alice, 'line 130.')) === undefined) {
    const before = await alice.locator('[data-test=message]').count()
    await scrollTo(alice, 1_000_000)
    await expect
      .poll(() => alice.locator('[data-test=message]').count(), { timeout: 10_000 })
      .toBeGreaterThan(before)
  }
  await says(alice, '[data-test=message]', 'line 60.')
  await talk(131, 131)
  await says(alice, '[data-test=message]', 'line 131.')
})

test('what is being read stays where it is when a page of what was before comes', async () => {
  const alice = await world.page()
  await team(120)
  await world.logInAs(alice, 'alice', {}, '#/chat/team')
  await says(alice, '[data-test=message]', 'line 120.')
  expect(await placeOf(alice, 'line 60.')).toBeUndefined()
  // Up, where the first of the page stands; the one before it has its place there.
  await scrollTo(alice, 40)
  const before = await placeOf(alice, 'line 75.')
  await says(alice, '[data-test=message]', 'line 60.')
  const after = await placeOf(alice, 'line 75.')
  expect(Math.abs((after ?? 0) - (before ?? 1_000))).toBeLessThan(3)
  // What comes meanwhile moves nothing either.
  await talk(121, 121)
  await says(alice, '[data-test=message]', 'line 121.')
  expect(await placeOf(alice, 'line 75.')).toBe(after)
  await alice.click('[data-test=to-newest]')
  await expect.poll(() => placeOf(alice, 'line 121.')).toBeLessThan(900)
})

test('what could not be sent is told in words, and is still there for whoever comes back', async () => {
  const alice = await world.page()
  await team(1)
  // The page that is gone to meanwhile has to be there already.
  await world.logInAs(alice, 'alice', {}, '#/inbox')
  await alice.locator('[data-test=views]').waitFor()
  await world.go(alice, '#/chat/team')
  await says(alice, '[data-test=message]', 'line 1.')
  await world.server.kill()
  await says(alice, '[role=status]', 'Chat is not available')
  await alice.fill('[data-test=message-text]', 'Is anybody there?')
  await alice.keyboard.press('Enter')
  await says(alice, '[data-test=pending]', /Not sent: there is no connection; try again when it is back/)
  await alice.fill('[data-test=message-text]', 'half a')
  await alice.click('nav a[href="#/inbox"]')
  await alice.locator('[data-test=views]').waitFor()
  await world.server.startAgain()
  await alice.click('nav a[href="#/chat"]')
  await alice.click('[data-test=room]')
  await says(alice, '[data-test=pending]', 'Is anybody there?')
  expect(await alice.inputValue('[data-test=message-text]')).toBe('half a')
  await alice.click('[data-test=retry]')
  await says(alice, '[data-test=message]', 'Is anybody there?')
  await alice.locator('[data-test=pending]').waitFor({ state: 'detached' })
})

test('an edit gives the draft back when it is taken, and keeps its own words when it is not', async () => {
  const alice = await world.page()
  await team(1)
  await world.logInAs(alice, 'alice', {}, '#/chat/team')
  await says(alice, '[data-test=message]', 'line 1.')
  const text = alice.locator('[data-test=message-text]')
  await text.fill('A mistake')
  await alice.keyboard.press('Enter')
  const mine = alice.locator('[data-test=message]').filter({ hasText: 'A mistake' })
  await mine.waitFor()
  await text.fill('half a')
  await mine.hover()
  await mine.locator('[data-test=edit]').click()
  await expect.poll(() => text.inputValue()).toBe('A mistake')
  await text.fill('As it is meant')
  await alice.keyboard.press('Enter')
  await says(alice, '[data-test=message]', 'As it is meant (edited)')
  await expect.poll(() => text.inputValue()).toBe('half a')

  const edited = alice.locator('[data-test=message]').filter({ hasText: 'As it is meant' })
  await edited.hover()
  await edited.locator('[data-test=edit]').click()
  await world.server.kill()
  await says(alice, '[role=status]', 'Chat is not available')
  await text.fill('Better still')
  await alice.keyboard.press('Enter')
  await says(alice, '[role=alert]', 'there is no connection')
  expect(await text.inputValue()).toBe('Better still')
  await alice.keyboard.press('Escape')
  await expect.poll(() => text.inputValue()).toBe('half a')
})

test('a question about a message that somebody else deletes goes, and leaves the focus with the message', async () => {
  const [alice, other] = [await world.page(), await world.page()]
  await team(1)
  await world.logInAs(alice, 'alice', {}, '#/chat/team')
  await says(alice, '[data-test=message]', 'line 1.')
  await alice.fill('[data-test=message-text]', 'A mistake')
  await alice.keyboard.press('Enter')
  const ask = async (page: Page) => {
    const mine = page.locator('[data-test=message]').filter({ hasText: 'A mistake' })
    await mine.hover()
    await mine.locator('[data-test=delete]').click()
    await page.locator('dialog').waitFor()
  }
  await ask(alice)
  // A press that begins inside, as when a text is selected, does not close it.
  const box = await alice.locator('dialog').boundingBox()
  await alice.mouse.move((box?.x ?? 0) + 30, (box?.y ?? 0) + 30)
  await alice.mouse.down()
  await alice.mouse.move(5, 5)
  await alice.mouse.up()
  expect(await alice.locator('dialog').count()).toBe(1)
  await world.logInAs(other, 'alice', {}, '#/chat/team')
  await ask(other)
  await other.locator('dialog [data-test=confirm]').click()
  await says(alice, '[data-test=message]', /deleted/i)
  await alice.locator('dialog').waitFor({ state: 'detached' })
  await alice.locator('[data-test=message]:focus').waitFor()
})

test('members are listed, whoever is here first, and what becomes of them is followed', async () => {
  const [alice, bob] = [await world.page(), await world.page()]
  await team(1)
  await world.logInAs(alice, 'alice', { name: 'Alice' }, '#/chat/team')
  await says(alice, '[data-test=present]', /1 here · 5 members/)
  await world.logInAs(bob, 'bob', {}, '#/chat/team')
  await says(alice, '[data-test=present]', /2 here/)
  const members = alice.locator('[data-test=member]')
  await expect.poll(() => members.count(), { timeout: 10_000 }).toBe(5)
  const lines = (await members.allTextContents()).map(line => line.replace(/\s+/g, ' ').trim())
  expect(lines.slice(0, 2).map(line => line.startsWith('●'))).toEqual([true, true])
  expect(lines.slice(2).map(line => line.startsWith('○'))).toEqual([true, true, true])
  await bob.getByRole('button', { name: 'Leave', exact: true }).click()
  await bob.getByRole('dialog').getByRole('button', { name: 'Leave' }).click()
  await expect.poll(() => members.count(), { timeout: 10_000 }).toBe(4)
  await alice.click('[data-test=present]')
  await members.first().waitFor({ state: 'detached' })
})
