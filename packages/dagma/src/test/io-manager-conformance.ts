import { describe, expect, test } from 'vitest'
import type { IOContext, IOManager } from '../definitions/assets/io-manager.ts'

/** What an IO manager is called with for an asset, in a run `r` that goes on. */
export const of = (key: string, partitionKey?: string): IOContext => ({
  assetKey: key.split('/'),
  partitionKey,
  runId: 'r',
  signal: new AbortController().signal,
})

/** What every IO manager of Dagma does. `make` gives one that has no values yet. */
export function ioManagerConformance(name: string, make: () => Promise<IOManager> | IOManager): void {
  describe(name, () => {
    test('gives back the last value, and nothing where there is none', async () => {
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
