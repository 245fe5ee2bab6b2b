import { watchEffect } from 'vue'
import { stored } from '../stored'

export type Locale = 'zh' | 'en'

/** The language of everything that is shown: the one that was chosen, else the browser's. */
export const locale = stored<Locale>(
  'locale',
  navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en',
  value => value === 'zh' || value === 'en',
)

watchEffect(() => {
  document.documentElement.lang = locale.value === 'zh' ? 'zh-CN' : 'en'
})

type Values = Readonly<Record<string, string | number>>

/** Looks a line up in the language of now, and puts `values` in place of `{name}`. */
export type Text<Key extends string> = (key: Key, values?: Values) => string

/** The lines of one page. Both languages have the same keys. */
export function texts<const Lines extends Record<string, string>>(
  zh: Lines,
  en: { readonly [Key in keyof Lines]: string },
): Text<keyof Lines & string> {
  return (key, values) => {
    const line = (locale.value === 'zh' ? zh : en)[key] as string
    return values ? line.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole)) : line
  }
}
