import { describe, expect, test } from 'vitest'
import type { IOContext, IOManager } from '../definitions/assets/io-manager.ts'

/** The context of an IO manager for an asset, in a run `r` that has not ended. */
export const of = (key: string, partitionKey?: string): IOContext => ({
  assetKey: key.split('/'),
  partitionKey,
  runId: 'r',
  signal: new AbortController().signal,
})

/** The tests that every IO manager of Dagma passes. `make` returns an empty one. */
export function ioManagerConformance(name: string, make: () => Promise<IOManager> | IOManager): void {
  describe(name, () => {
    test('returns the last value, and nothing where there is none', async () => {
      const manager = await make()
      expect(await manager.loadInput(of('a'))).toBeUndefined()
      for (const value of [{ n: [1, 'ü', null] }, 'text', 0, false, null, [], '2026-01-01', '{"a":1}', '12']) {
        await manager.handleOutput(of('a'), value)
        expect(await manager.loadInput(of('a'))).toMatchObject({ value })
      }
    })

    test('keeps assets and partitions apart', async () => {
      const manager = await make()
      const places = [of('a'), of('a/b'), of('a', 'b'), of('a', 'x/y'), of('A'), of('a', 'X/y'), of('b', '2026-01-01|de'), of('b', '..')]
      for (const [index, place] of places.entries()) await manager.handleOutput(place, index)
      for (const [index, place] of places.entries()) expect(await manager.loadInput(place)).toMatchObject({ value: index })
    })

    test('measures what it stores', async () => {
      expect(await (await make()).handleOutput(of('a/b'), 'ü')).toMatchObject({ sizeBytes: 4 })
    })
  })
}
