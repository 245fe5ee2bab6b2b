import { expect, test } from 'vitest'
import { eachWorld } from './support/each-world.js'
import { says, type World } from './support/world.js'

let world: World

eachWorld(started => {
  world = started
})

test('the language is another one at once, everywhere, and stays so', async () => {
  const page = await world.page()
  await world.logIn(page, '#/inbox')
  const lang = () => page.evaluate(() => document.documentElement.lang)
  await says(page, 'nav', 'Notifications')
  expect(await lang()).toBe('en')
  await page.click('[data-test=language]')
  await says(page, 'nav', '通知')
  await says(page, '[data-test=views]', '收件箱')
  expect(await lang()).toBe('zh-CN')
  await page.reload()
  await says(page, 'nav', '通知')
  await page.click('[data-test=language]')
  await says(page, 'nav', 'Notifications')
  expect(await lang()).toBe('en')
})

test('the theme is the other one at once, and stays so', async () => {
  const page = await world.page({ colorScheme: 'light', reducedMotion: 'reduce' })
  await world.logIn(page, '#/inbox')
  /** How bright the page, and what is written on it, are: from 0 to 255. */
  const brightness = () =>
    page.evaluate(() => {
      const { backgroundColor, color } = getComputedStyle(document.body)
      return [backgroundColor, color].map(one => Number(/\d+/.exec(one)?.[0]))
    })
  const isDark = async () => {
    const [ground = 0, words = 0] = await brightness()
    return ground < words
  }
  expect(await isDark()).toBe(false)
  await page.click('[data-test=theme]')
  await expect.poll(isDark).toBe(true)
  await page.reload()
  await page.waitForSelector('nav')
  expect(await isDark()).toBe(true)
  await page.click('[data-test=theme]')
  await expect.poll(isDark).toBe(false)
})
