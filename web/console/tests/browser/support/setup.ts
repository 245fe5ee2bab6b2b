import { afterAll } from 'vitest'
import { closeBrowser } from './world'

afterAll(closeBrowser)
