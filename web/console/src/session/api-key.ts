import { ref } from 'vue'

/** An API key that the user pastes. It is nowhere but in the memory of this page. */
export const apiKey = ref('')
