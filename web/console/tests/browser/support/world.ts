import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core'
import { Server } from '../../../../client/tests/support/server.js'

export const PASSWORD = 'correct horse battery staple'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

export function executable(): string {
  const path = process.env.CHROMIUM ?? PLACES.find(existsSync)
  if (!path || !existsSync(path)) throw new Error('there is no Chromium: install one, or set CHROMIUM')
  return path
}

export interface Look {
  readonly locale?: 'zh-CN' | 'en-US'
  readonly colorScheme?: 'light' | 'dark'
  /** Colours are judged when they are what they will be. */
  readonly reducedMotion?: 'reduce'
}

/** What is said in a room, with whatever else the API takes. */
export interface Line {
  readonly user: string
  readonly content: string
  readonly [field: string]: unknown
}

let browser: Promise<Browser> | undefined

/** One browser for all tests of a file: to start one takes longer than most of them. */
function sharedBrowser(): Promise<Browser> {
  browser ??= chromium.launch({ executablePath: executable(), args: ['--no-sandbox'] })
  return browser
}

export async function closeBrowser(): Promise<void> {
  const started = await browser
  browser = undefined
  await started?.close()
}

/** A server that serves the console, and profiles of a browser. */
export class World {
  readonly server: Server
  /** What no page may say: errors, and whatever the policy has refused. */
  readonly complaints: string[] = []
  readonly #browser: Browser
  readonly #contexts: BrowserContext[] = []

  private constructor(server: Server, browser: Browser) {
    this.server = server
    this.#browser = browser
  }

  static async start(...options: string[]): Promise<World> {
    const server = await Server.start(...options)
    const page = await (await fetch(server.url)).text()
    if (!page.includes('/assets/'))
      throw new Error('this server has no console: build web/console, then the server')
    return new World(server, await sharedBrowser())
  }

  /** A page of a user of his own. */
  async page(look: Look = {}): Promise<Page> {
    const context = await this.#browser.newContext({
      locale: 'en-US',
      viewport: { width: 1440, height: 900 },
      ...look,
    })
    this.#contexts.push(context)
    return this.pageOf(context)
  }

  /** Another page of the same browser profile. */
  async pageOf(context: BrowserContext): Promise<Page> {
    const page = await context.newPage()
    page.on('pageerror', error => this.complaints.push(String(error.stack)))
    page.on('console', message => {
      const isPolicy = message.text().includes('Content Security Policy')
      if (isPolicy) this.complaints.push(message.text())
    })
    return page
  }

  async logIn(page: Page, hash = '#/ws'): Promise<void> {
    await page.goto(this.server.url)
    await page.fill('#username', 'admin')
    await page.fill('#password', PASSWORD)
    await page.keyboard.press('Enter')
    await page.waitForSelector('nav')
    await this.go(page, hash)
  }

  /** As somebody else, with a token that the server has minted. */
  async logInAs(page: Page, user: string, more: Record<string, unknown> = {}, hash = '#/ws'): Promise<void> {
    const token = await this.server.token(user, more)
    await page.goto(`${this.server.url}/#/login?way=token`)
    await page.fill('#token', token)
    await page.click('button[type=submit]')
    await page.waitForSelector('nav')
    await this.go(page, hash)
  }

  /** Says something in a room, each line as one of its members. */
  async say(room: string, ...lines: readonly Line[]) {
    const tokens = new Map<string, string>()
    for (const { user, content, ...more } of lines) {
      const token = tokens.get(user) ?? (await this.server.token(user))
      tokens.set(user, token)
      const response = await fetch(`${this.server.url}/v1/rooms/${room}/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ content, ...more }),
      })
      if (!response.ok) throw new Error(`${user}: ${response.status} ${await response.text()}`)
    }
  }

  async go(page: Page, hash: string): Promise<void> {
    await page.goto(`${this.server.url}/${hash}`)
    await page.waitForSelector('main')
  }

  /** Ends the connections of those who have looked enough: one user has only so many. */
  async closePages(): Promise<void> {
    for (const context of this.#contexts.splice(0)) await context.close()
  }

  async end(): Promise<void> {
    await this.closePages()
    await this.server.end()
  }
}

/** Connects the test page. */
export async function connect(page: Page): Promise<void> {
  await page.click('[data-test=connect]')
  await state(page, 'open')
}

/** Waits until the strip says so. */
export async function state(page: Page, wanted: string, timeout = 30_000): Promise<void> {
  await page.waitForSelector(`[data-test=strip][data-state=${wanted}]`, { timeout })
}

/** Waits for a text, or for the part of one, in an element. */
export async function says(page: Page, selector: string, text: string | RegExp): Promise<void> {
  await page.locator(selector).filter({ hasText: text }).first().waitFor()
}

/** Presses a key, Tab by default, until the focus is there: a trap, or a place it never comes to, is an error. */
export async function tabTo(page: Page, wanted: string | Locator, key = 'Tab'): Promise<void> {
  const place = typeof wanted === 'string' ? page.locator(wanted) : wanted
  await place.first().waitFor()
  for (let pressed = 0; pressed < 80; pressed += 1) {
    const focused = await place.evaluateAll(all => all.some(one => one === document.activeElement))
    if (focused) return
    await page.keyboard.press(key)
  }
  throw new Error(`the focus never comes to ${place}`)
}

/** The same, and Enter. */
export async function pressEnterOn(page: Page, wanted: string | Locator, key = 'Tab'): Promise<void> {
  await tabTo(page, wanted, key)
  await page.keyboard.press('Enter')
}
