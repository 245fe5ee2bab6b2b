import { ref } from 'vue'

export type Locale = 'zh' | 'en'

/** The language of everything that is shown. The host sets it. */
export const locale = ref<Locale>('zh')

/** Takes the nearest to a language tag, such as `zh-CN`. */
export function setLocale(tag: string): void {
  locale.value = tag.toLowerCase().startsWith('zh') ? 'zh' : 'en'
}

/** The same in Chinese and in English. */
export type Words = readonly [zh: string, en: string]

export function inLocale([zh, en]: Words): string {
  return locale.value === 'zh' ? zh : en
}

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
