import type { Locator, Page } from 'playwright-core'

export const LOG = '[data-test=log]'

/** Entries of the log with a text in them. */
export const rows = (page: Page, text: string | RegExp): Locator =>
  page.locator(`${LOG} [role=option]`).filter({ hasText: text })

/** What has the focus, by its `data-test`. */
export const focused = (page: Page): Promise<string | null | undefined> =>
  page.evaluate(() => document.activeElement?.getAttribute('data-test'))

/** Sends what the composer says, and waits for its answer. */
export async function echo(page: Page, content: string): Promise<void> {
  await page.fill('#content', content)
  await page.click('[data-test=send]')
  await rows(page, `echo_response`).filter({ hasText: content }).waitFor()
}
