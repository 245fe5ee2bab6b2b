import { afterEach, beforeEach, expect } from 'vitest'
import { World } from './world.js'

/** A server and profiles of its own for each test of a file. What a page has complained of fails the test. */
export function eachWorld(take: (world: World) => void): void {
  let world: World | undefined
  beforeEach(async () => {
    world = await World.start()
    take(world)
  })
  afterEach(async () => {
    // Also where something was complained of: the next test has a server of its own.
    await world?.end()
    expect(world?.complaints).toEqual([])
  })
}
