import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary.ts'
import { jsonFileIOManager } from './json-file-io-manager.ts'
import { valuePath } from './value-path.ts'

const path = (key: string, partitionKey?: string): string => valuePath({ assetKey: key.split('/'), partitionKey }).join('/')

const { signal } = new AbortController()

describe('valuePath', () => {
  test('is the key as it is, for most keys', () => {
    expect(path('orders')).toBe('orders.json')
    expect(path('shop/v1.2/daily-orders_2')).toBe('shop/v1.2/daily-orders_2.json')
    expect(path('orders', '2026-01-31')).toBe('orders@/2026-01-31.json')
    expect(path('orders', '2026-01-31|de')).toBe('orders@/2026-01-31%7Cde.json')
    expect(path('orders', 'ü/x')).toBe('orders@/%C3%BC%2Fx.json')
    expect(path('a'.repeat(250))).toBe(`${'a'.repeat(250)}.json`)
  })

  test('differs on file systems that do not tell upper from lower case', () => {
    expect([path('Orders'), path('orders', 'US'), path('orders', 'us')]).toEqual(['Orders@1.json', 'orders@/US@3.json', 'orders@/us.json'])
  })

  test('a folder never has the name of a file', () => {
    expect(path('a.json/b')).toMatch(/^a\.json@@[0-9a-f]{32}\/b\.json$/)
  })

  const part = fc.oneof(
    fc.stringMatching(/^[ab._-]{0,3}(?:a|B|\.json|\.JSON)$/),
    fc.nat({ max: 300 }).map((length) => `a${'b'.repeat(length)}`),
  )
  const partition = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'A', '@', '%', '/', '.', '4', '中', '\ud800', '\udc00', '\ufffd'), maxLength: 5 }),
    fc.nat({ max: 300 }).map((length) => `中${'文'.repeat(length)}`),
  )
  const value = fc.record({
    assetKey: fc.array(part, { minLength: 1, maxLength: 30 }),
    partitionKey: fc.option(partition, { nil: undefined }),
  })
  const values = fc.uniqueArray(value, { maxLength: 40, selector: (one) => JSON.stringify(one) })

  test('any two values have their own places, and none lies where another needs a folder', () => {
    fc.assert(
      fc.property(values, (all) => {
        const paths = all.map((one) => valuePath(one).join('/').toLowerCase())
        expect(new Set(paths).size).toBe(paths.length)
        const folders = new Set(paths.flatMap((one) => [...one.matchAll(/\//g)].map(({ index }) => one.slice(0, index))))
        expect(paths.filter((one) => folders.has(one))).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  test('any value can be stored and found again', async () => {
    await fc.assert(
      fc.asyncProperty(values, async (all) => {
        const manager = jsonFileIOManager(temporaryFolder())
        for (const [index, one] of all.entries()) await manager.handleOutput({ ...one, runId: 'r', signal }, index)
        for (const [index, one] of all.entries())
          expect(await manager.loadInput({ ...one, runId: 'r', signal })).toMatchObject({ value: index })
      }),
      { numRuns: 10 },
    )
  })
})

test('the longest names leave room for the temporary name', async () => {
  const folder = temporaryFolder()
  const manager = jsonFileIOManager(folder)
  for (const assetKey of [['a'.repeat(250)], ['b'.repeat(251)], ['c'.repeat(5000)], Array.from({ length: 40 }, () => 'd'.repeat(100))]) {
    const context = { assetKey, partitionKey: '月'.repeat(90), runId: 'r', signal }
    await manager.handleOutput(context, 1)
    expect(await manager.loadInput(context)).toMatchObject({ value: 1 })
  }
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []))
  expect(names.length).toBeGreaterThanOrEqual(4)
  expect(Math.max(...names.map((name) => Buffer.byteLength(name)))).toBeLessThanOrEqual(255)
  expect(() => writeFileSync(join(folder, 'x'.repeat(256)), '')).toThrow()
})
