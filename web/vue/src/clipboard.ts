import { texts } from './text/text'

const t = texts(
  { copied: '已复制', copyFailed: '浏览器不允许复制' },
  { copied: 'Copied', copyFailed: 'The browser does not allow it' },
)

/** Copies a text, and answers in words whether it did. */
export async function copy(text: string): Promise<string> {
  return (await hasCopied(text)) ? t('copied') : t('copyFailed')
}

async function hasCopied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // Over plain HTTP there is no `clipboard`. The older way is there, and asks for nothing but a click.
    return hasCopiedByCommand(text)
  }
}

function hasCopiedByCommand(text: string): boolean {
  let isTaken = false
  const put = (event: ClipboardEvent) => {
    event.clipboardData?.setData('text/plain', text)
    event.preventDefault()
    isTaken = true
  }
  document.addEventListener('copy', put, { once: true })
  const isDone = document.execCommand('copy')
  document.removeEventListener('copy', put)
  return isDone && isTaken
}
