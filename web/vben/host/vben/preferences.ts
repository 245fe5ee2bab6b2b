// As @vben/preferences of V5 has it, as far as it is used.
import { computed, reactive, watchEffect } from 'vue'

export interface Preferences {
  app: { locale: 'en-US' | 'zh-CN' }
  theme: { mode: 'auto' | 'dark' | 'light' }
}

export const preferences: Preferences = reactive({
  app: { locale: navigator.language.startsWith('zh') ? 'zh-CN' : 'en-US' },
  theme: { mode: matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light' },
})

export function usePreferences() {
  return { isDark: computed(() => preferences.theme.mode === 'dark') }
}

watchEffect(() => {
  document.documentElement.lang = preferences.app.locale
  document.documentElement.classList.toggle('dark', preferences.theme.mode === 'dark')
})
