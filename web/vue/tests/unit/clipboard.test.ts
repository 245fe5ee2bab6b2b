import { afterEach, expect, test, vi } from 'vitest'
import { copy } from '../../src/clipboard'

afterEach(() => vi.unstubAllGlobals())

/** A page without `navigator.clipboard`, whose browser does what it is told, or does not. */
function insecurePage(allows: boolean) {
  const copied: string[] = []
  const page = new EventTarget() as EventTarget & { execCommand?: (command: string) => boolean }
  page.execCommand = () => {
    const setData = (_type: string, text: string) => copied.push(text)
    if (allows) page.dispatchEvent(Object.assign(new Event('copy'), { clipboardData: { setData } }))
    return allows
  }
  vi.stubGlobal('document', page)
  vi.stubGlobal('navigator', {})
  return { page, copied }
}

test('a page over plain HTTP copies, too', async () => {
  const { page, copied } = insecurePage(true)
  expect(await copy('one')).toBe('已复制')
  expect(copied).toEqual(['one'])
  page.dispatchEvent(new Event('copy'))
  expect(copied).toEqual(['one'])
})

test('who may not copy is told', async () => {
  insecurePage(false)
  expect(await copy('one')).toBe('浏览器不允许复制')
})
