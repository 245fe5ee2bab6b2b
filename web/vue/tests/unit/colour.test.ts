import { expect, test } from 'vitest'
import { isPale } from '../../src/colour'

test('text of a dark page is pale, however it is written', () => {
  for (const colour of ['#ffffff', '#e7eeec', 'rgba(255, 255, 255, 0.85)', 'rgb(250, 250, 250)'])
    expect(isPale(colour)).toBe(true)
  for (const colour of ['#000000', '#17211f', 'rgba(0, 0, 0, 0.88)', 'rgb(50, 54, 57)'])
    expect(isPale(colour)).toBe(false)
})
