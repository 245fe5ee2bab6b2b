import { stored } from '@fanfare/vue/stored'
import { readable } from '@fanfare/vue/theme'
import { theme } from '@fanfare/vue/ui'
import { computed, watchEffect } from 'vue'

export type Appearance = 'light' | 'dark'

const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'

export const appearance = stored<Appearance>('theme', system, value => value === 'light' || value === 'dark')

watchEffect(() => {
  document.documentElement.dataset.theme = appearance.value
})

const common = {
  borderRadius: 6,
  controlHeight: 32,
  fontSize: 14,
  fontFamily: 'var(--sans)',
  fontFamilyCode: 'var(--mono)',
  motionDurationMid: '0.12s',
  motionDurationSlow: '0.16s',
}

// Ant Design's own blue is too pale on white for small text, too.
const light = {
  ...common,
  ...readable.light,
  colorPrimary: '#0f766e',
  colorError: '#b42318',
  colorTextBase: '#17211f',
  colorBorder: '#c3ccc9',
}

const dark = {
  ...common,
  ...readable.dark,
  colorPrimary: '#14806f',
  // The dark algorithm takes a seventh away, and on a row under the pointer 4.5:1 must be left.
  colorError: '#ff9a90',
  colorBgBase: '#111716',
  colorTextBase: '#e7eeec',
  colorBorder: '#3b4644',
}

/** What `ConfigProvider` is told. */
export const themeConfig = computed(() => ({
  algorithm: appearance.value === 'dark' ? theme.darkAlgorithm : theme.defaultAlgorithm,
  token: appearance.value === 'dark' ? dark : light,
}))
