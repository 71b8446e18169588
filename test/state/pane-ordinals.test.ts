import { expect, test } from 'vitest'
import { PaneOrdinals } from '../../src/state/pane-ordinals.ts'
import { randomOf } from './fixtures.ts'

test.each([1, 2, 3])('agrees with a Map over random panes that come and go, seed %i', (seed) => {
  const random = randomOf(seed)
  const below = (n: number): number => Math.floor(random() * n)
  const panes = new PaneOrdinals()
  const model = new Map<string, readonly [low: number, high: number, ordinal: number]>()
  for (let step = 0; step < 20_000; step++) {
    // Neighbouring times, negative halves among them.
    const [low, high] = [below(400) * 1000 - 200_000, below(3) - 1]
    const key = `${low} ${high}`
    const known = model.get(key)
    expect(panes.find(low, high)).toBe(known?.[2] ?? -1)
    if (known === undefined) {
      panes.add(low, high, step)
      model.set(key, [low, high, step])
    } else if (random() < 0.9) {
      panes.delete(low, high)
      model.delete(key)
    }
  }
  expect(panes.size).toBe(model.size)
  for (const [low, high, ordinal] of model.values()) expect(panes.find(low, high)).toBe(ordinal)
})
