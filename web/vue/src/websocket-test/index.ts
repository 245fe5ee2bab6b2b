export { default as WebSocketTest } from './WebSocketTest.vue'
