import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { type PreviewServer, preview } from 'vite'
import { Server } from '../../../../client/tests/support/server.js'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export interface Look {
  readonly locale?: 'zh-CN' | 'en-US'
  readonly colorScheme?: 'light' | 'dark'
  /** Colours are judged when they are what they will be. */
  readonly reducedMotion?: 'reduce'
}

/** The host as it is built, a proxy in front of a server, and a browser. */
export class Host {
  readonly server: Server
  /** What no page may say. */
  readonly complaints: string[] = []
  readonly #preview: PreviewServer
  readonly #browser: Browser

  private constructor(server: Server, previewed: PreviewServer, browser: Browser) {
    this.server = server
    this.#preview = previewed
    this.#browser = browser
  }

  static async start(): Promise<Host> {
    const server = await Server.start()
    const proxy = { '/v1': server.url, '/ws': { target: server.url, ws: true } }
    const previewed = await preview({
      root: resolve(import.meta.dirname, '../../..'),
      configFile: false,
      logLevel: 'silent',
      preview: { host: '127.0.0.1', port: 0, proxy },
    })
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
    return new Host(server, previewed, await chromium.launch({ executablePath, args: ['--no-sandbox'] }))
  }

  get url(): string {
    const { port } = this.#preview.httpServer.address() as AddressInfo
    return `http://127.0.0.1:${port}`
  }

  /** A page of `user`, who is logged in. */
  async page(user: string, look: Look = {}): Promise<Page> {
    const viewport = { width: 1440, height: 900 }
    const page = await this.pageOf(await this.#browser.newContext({ locale: 'en-US', viewport, ...look }))
    await page.fill('input[name=token]', await this.server.token(user))
    await page.click('button[type=submit]')
    await page.waitForSelector('[data-test=strip]')
    return page
  }

  /** Another page of the same browser profile, at the same place. */
  async pageOf(context: BrowserContext): Promise<Page> {
    const page = await context.newPage()
    page.on('pageerror', error => this.complaints.push(String(error.stack)))
    page.on('console', message => {
      if (message.text().includes('[Vue warn]')) this.complaints.push(message.text())
    })
    await page.goto(`${this.url}/#/system/websocket-test`)
    return page
  }

  /** Ends the connections of those who have looked enough. */
  async closePages(): Promise<void> {
    for (const context of this.#browser.contexts()) await context.close()
  }

  async end(): Promise<void> {
    await this.#browser.close()
    await this.#preview.close()
    await this.server.end()
  }
}

/** The application gets another token for its user, as Vben does when the old one has ended. */
export function renew(page: Page, token: string): Promise<void> {
  return page.evaluate(token => {
    interface Store {
      setAccessToken(token: string): void
    }
    interface Root {
      readonly __vue_app__: {
        readonly config: {
          readonly globalProperties: { readonly $pinia: { readonly _s: Map<string, Store> } }
        }
      }
    }
    const root = document.querySelector('#app') as unknown as Root
    root.__vue_app__.config.globalProperties.$pinia._s.get('core-access')?.setAccessToken(token)
  }, token)
}

/** What axe finds serious, in a few words each. */
export async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const violations = await page.evaluate(async () => {
    interface Finding {
      readonly id: string
      readonly impact: string
      readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
    }
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } }
    return (await axe.run()).violations
  })
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary}`))
}

/** Waits for a text, or for the part of one, in an element. */
export async function says(page: Page, selector: string, text: string | RegExp): Promise<void> {
  await page.locator(selector).filter({ hasText: text }).first().waitFor()
}

/** Connects the test page. */
export async function connect(page: Page): Promise<void> {
  await page.click('[data-test=connect]')
  await state(page, 'open')
}

/** Waits until the strip says so. */
export async function state(page: Page, wanted: string): Promise<void> {
  await page.waitForSelector(`[data-test=strip][data-state=${wanted}]`, { timeout: 60_000 })
}
