export { useClient } from './client'
export { default as FanfareProvider } from './FanfareProvider.vue'
