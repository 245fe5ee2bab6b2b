import { stored } from '@fanfare/vue/stored'
import { type Locale, setLocale } from '@fanfare/vue/text/text'
import { watchEffect } from 'vue'

/** The language that was chosen, else the browser's. */
export const chosenLocale = stored<Locale>(
  'locale',
  navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en',
  value => value === 'zh' || value === 'en',
)

watchEffect(() => {
  setLocale(chosenLocale.value)
  document.documentElement.lang = chosenLocale.value === 'zh' ? 'zh-CN' : 'en'
})
