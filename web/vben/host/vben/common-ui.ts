// As @vben/common-ui of V5 has it, as far as it is used.
export { default as Page } from './page.vue'
