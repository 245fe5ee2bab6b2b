import { preferences } from '@vben/preferences'

const files = import.meta.glob<Record<string, string>>('../../src/locales/langs/*/*.json', {
  eager: true,
  import: 'default',
})

/** `file.key`, in the language of now. */
export function $t(key: string): string {
  const [file = '', line = ''] = key.split('.')
  return files[`../../src/locales/langs/${preferences.app.locale}/${file}.json`]?.[line] ?? key
}
