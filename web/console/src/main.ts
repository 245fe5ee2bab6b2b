// First: whatever is made after it has its nonce.
import './nonce'
import '@fanfare/vue/style.css'
import './style.css'
import './locale'
import { addressKey } from '@fanfare/vue/query'
import { createApp } from 'vue'
import App from './App.vue'
import { routeAddress } from './address'
import { router } from './router'

createApp(App).use(router).provide(addressKey, routeAddress(router)).mount('#app')
