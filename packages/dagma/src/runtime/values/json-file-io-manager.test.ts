import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asset } from '../../definitions/assets/asset.ts'
import { externalAsset } from '../../definitions/assets/external-asset.ts'
import type { IOManager } from '../../definitions/assets/io-manager.ts'
import { definitions } from '../../definitions/definitions.ts'
import { dailyPartitions } from '../../definitions/partitions/partitions.ts'
import { temporaryFolder, thrownBy } from '../../test/temporary.ts'
import { jsonFileIOManager } from './json-file-io-manager.ts'
import { jsonText } from './json-text.ts'
import { loadedInputs } from './missing-inputs.ts'
import { projectValues, Values } from './values.ts'

const of = (assetKey: string[], partitionKey?: string) => ({ assetKey, partitionKey, runId: 'r', signal: new AbortController().signal })
const load = async (manager: IOManager, ...assetKey: string[]) => (await manager.loadInput(of(assetKey)))?.value
const store = (manager: IOManager, value: unknown, ...assetKey: string[]) => manager.handleOutput(of(assetKey), value)

describe('jsonFileIOManager', () => {
  test('returns what it was given', async () => {
    const manager = jsonFileIOManager(temporaryFolder())
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const text = JSON.stringify(value)
        fc.pre(isDeepStrictEqual(JSON.parse(text), value)) // -0 is refused
        const { sizeBytes } = await store(manager, value, 'a')
        expect(sizeBytes).toBe(Buffer.byteLength(text))
        expect(JSON.stringify(await load(manager, 'a'))).toBe(text)
      }),
      { numRuns: 50 },
    )
  })

  test('makes folders, and keeps an asset and those below it apart', async () => {
    const folder = temporaryFolder()
    const manager = jsonFileIOManager(join(folder, 'not', 'there'))
    for (const key of [['a'], ['a', 'b'], ['a', 'b', 'c']]) await store(manager, key.join('/'), ...key)
    for (const key of [['a'], ['a', 'b'], ['a', 'b', 'c']]) expect(await load(manager, ...key)).toBe(key.join('/'))
    const names = readdirSync(join(folder, 'not', 'there'), { recursive: true }).map(String)
    expect(names.filter((name) => !name.startsWith('@runs')).sort()).toEqual(['a', 'a.json', 'a/b', 'a/b.json', 'a/b/c.json'])
  })

  test('stores nothing as null', async () => {
    const manager = jsonFileIOManager(temporaryFolder())
    await store(manager, undefined, 'a')
    expect(await load(manager, 'a')).toBeNull()
  })

  test('says what is missing and what is broken', async () => {
    const folder = temporaryFolder({ 'broken.json': '{"a":' })
    const manager = jsonFileIOManager(folder)
    expect(await manager.loadInput(of(['x', 'gone']))).toBeUndefined()
    const broken = await thrownBy(() => load(manager, 'broken'))
    expect(broken.message.replace(folder, '<folder>')).toMatchInlineSnapshot(
      `"The stored value of asset "broken" cannot be read (<folder>/broken.json). Materialize it again: \`dagma asset materialize --select broken\`. [DAGMA_VALUE_UNREADABLE]"`,
    )
    expect(broken.cause).toBeInstanceOf(SyntaxError)
  })

  test('says which value a file system refuses to keep or give', async () => {
    const folder = temporaryFolder({ values: 'a file' })
    const manager = jsonFileIOManager(join(folder, 'values'))
    for (const [action, use] of [
      ['stored', () => store(manager, 1, 'x', 'a')],
      ['loaded', () => load(manager, 'x', 'a')],
    ] as const) {
      const refused = await thrownBy(use)
      expect(refused).toMatchObject({ code: 'DAGMA_STORAGE_FAILED', kind: 'execution', cause: { code: 'ENOTDIR' } })
      expect(refused.message).toContain(`The value of asset "x/a" cannot be ${action} (${join(folder, 'values/x/a.json')}): ENOTDIR`)
    }
  })

  test('keeps partitions apart, and apart from other assets', async () => {
    const folder = temporaryFolder()
    const manager = jsonFileIOManager(folder)
    const keys = ['2026-01-01', 'a/b', '..', 'ü|x']
    for (const key of keys) await manager.handleOutput(of(['a'], key), key)
    for (const key of keys) expect(await manager.loadInput(of(['a'], key))).toMatchObject({ value: key })
    expect(await manager.loadInput(of(['a']))).toBeUndefined()
    expect(readdirSync(folder)).toEqual(['@runs', 'a@'])
    expect(readdirSync(join(folder, 'a@'))).toHaveLength(keys.length)
  })

  test('nobody reads a half-written value while another is written', async () => {
    const folder = temporaryFolder()
    const manager = jsonFileIOManager(folder)
    const value = (n: number) => ({ n, filling: Array.from({ length: 20_000 }, () => n) })
    await store(manager, value(0), 'a')
    let writing = true
    let read = 0
    const reader = async (): Promise<void> => {
      while (writing) {
        const { n, filling } = (await load(manager, 'a')) as ReturnType<typeof value>
        if (filling.length !== 20_000 || filling.some((item) => item !== n)) throw new Error(`The value of write ${n} is torn.`)
        read++
      }
    }
    const readers = [reader(), reader()]
    const writer = async (which: number): Promise<void> => {
      for (let n = 0; n < 15; n++) await store(manager, value(which * 100 + n), 'a')
    }
    await Promise.all([1, 2, 3].map(writer)).finally(() => {
      writing = false
    })
    await Promise.all(readers)
    expect(read).toBeGreaterThan(3)
    expect(readdirSync(folder)).toEqual(['@runs', 'a.json'])
    expect(readdirSync(join(folder, '@runs', 'r'), { recursive: true })).toEqual([expect.stringMatching(/\.json$/), 'unfinished'])
  })

  test('a value that cannot be written leaves the old one and no file beside it', async () => {
    const folder = temporaryFolder()
    const manager = jsonFileIOManager(folder)
    await store(manager, 1, 'a')
    await thrownBy(() => store(manager, 1n, 'a'))
    expect(await load(manager, 'a')).toBe(1)
    mkdirSync(join(folder, 'taken.json'))
    writeFileSync(join(folder, 'taken.json', 'x'), '')
    await thrownBy(() => store(manager, 1, 'taken'))
    expect(readdirSync(folder).sort()).toEqual(['@runs', 'a.json', 'taken.json'])
    expect(readdirSync(join(folder, '@runs', 'r'), { recursive: true })).toHaveLength(2)
  })

  test('a step that is over while its value goes to the disk changes no value', async () => {
    const folder = temporaryFolder()
    const manager = jsonFileIOManager(folder, { sync: true })
    await store(manager, 1, 'a')
    const abort = new AbortController()
    const stored = manager.handleOutput({ ...of(['a']), signal: abort.signal }, 2)
    abort.abort()
    await expect(stored).rejects.toThrow()
    expect(await load(manager, 'a')).toBe(1)
    expect(readdirSync(join(folder, '@runs', 'r'), { recursive: true })).toHaveLength(2)
  })

  test('removes what runs left that are over, or of which nothing was heard for a day', async () => {
    const folder = temporaryFolder()
    const runs = join(folder, '@runs')
    for (const run of ['over', 'old', 'running']) {
      await jsonFileIOManager(folder).handleOutput({ ...of(['a']), runId: run }, run)
      writeFileSync(join(runs, run, 'unfinished.tmp'), '[1,')
    }
    const yesterday = Date.now() / 1000 - 25 * 60 * 60
    utimesSync(join(runs, 'old'), yesterday, yesterday)
    const manager = jsonFileIOManager(folder, { isOver: (runId) => runId === 'over' })
    await manager.handleOutput({ ...of(['a']), runId: 'new' }, 1)
    expect(readdirSync(runs).sort()).toEqual(['new', 'running'])
  })

  test('a step that is retried replaces the run’s own value', async () => {
    const manager = jsonFileIOManager(temporaryFolder())
    for (const value of [1, 2]) await store(manager, value, 'a')
    expect(await load(manager, 'a')).toBe(2)
  })
})

describe('jsonText', () => {
  test('refuses what JSON would lose', async () => {
    const circular: { self?: unknown } = {}
    circular.self = circular
    const refused: readonly unknown[] = [
      1n,
      { a: [1, { id: 2n }] },
      Number.NaN,
      { a: Number.POSITIVE_INFINITY },
      () => 1,
      { f: () => 1 },
      [Symbol('x')],
      circular,
      new Map([['a', 1]]),
      { seen: new Set([1]) },
      { vector: new Float32Array([0.5]) },
      Buffer.from('abc'),
    ]
    const messages: string[] = []
    for (const value of refused) {
      const error = await thrownBy(() => jsonText('value of asset "a"', value))
      expect(error).toMatchObject({ code: 'DAGMA_VALUE_NOT_STORABLE', kind: 'user_code' })
      messages.push(error.message.replace(/ Return JSON data.*/, ''))
    }
    expect(messages).toMatchInlineSnapshot(`
      [
        "The value of asset "a" cannot be stored as JSON: it is a bigint.",
        "The value of asset "a" cannot be stored as JSON: it has a bigint at "a[1].id".",
        "The value of asset "a" cannot be stored as JSON: it is NaN.",
        "The value of asset "a" cannot be stored as JSON: it has Infinity at "a".",
        "The value of asset "a" cannot be stored as JSON: it is a function.",
        "The value of asset "a" cannot be stored as JSON: it has a function at "f".",
        "The value of asset "a" cannot be stored as JSON: it has a symbol at "[0]".",
        "The value of asset "a" cannot be stored as JSON: it has a reference to what it is in at "self".",
        "The value of asset "a" cannot be stored as JSON: it is a Map.",
        "The value of asset "a" cannot be stored as JSON: it has a Set at "seen".",
        "The value of asset "a" cannot be stored as JSON: it has a Float32Array at "vector".",
        "The value of asset "a" cannot be stored as JSON: it is a Buffer.",
      ]
    `)
  })

  test('a value 5,000 deep is refused with the path to it, one 1,000 deep is stored', async () => {
    const nested = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)
    expect(jsonText('value of asset "a"', nested(1000))).toBe(JSON.stringify(nested(1000)))
    expect(await thrownBy(() => jsonText('value of asset "a"', nested(5000)))).toMatchObject({
      code: 'DAGMA_VALUE_NOT_STORABLE',
      problem: expect.stringMatching(/it has more than 1000 levels at "a\.a\.a.*…/),
    })
  })

  test('a getter that throws is one error, with its cause', async () => {
    const cause = new Error('not connected')
    const value = {
      get row(): unknown {
        throw cause
      },
    }
    expect(await thrownBy(() => jsonText('value of asset "a"', value))).toMatchObject({ code: 'DAGMA_VALUE_NOT_STORABLE', cause })
  })

  test('members that are undefined are left out, as in any JSON', () => {
    expect(jsonText('value of asset "a"', { a: undefined, b: 1 })).toBe('{"b":1}')
  })
})

describe('Values', () => {
  const memory = (): IOManager & { readonly kept: Map<string, unknown> } => {
    const kept = new Map<string, unknown>()
    return {
      kept,
      handleOutput: async ({ assetKey }, value) => {
        kept.set(assetKey.join('/'), value)
        return {}
      },
      loadInput: async ({ assetKey }) => (kept.has(assetKey.join('/')) ? { value: kept.get(assetKey.join('/')) } : undefined),
    }
  }

  test('an asset’s own IO manager, the declared default, then files', async () => {
    const [own, declared, folder] = [memory(), memory(), temporaryFolder()]
    const a = asset({ key: 'a', ioManager: 'own', run: () => 1 })
    const b = asset({ key: 'b', run: () => 1 })
    const both = new Values(definitions({ assets: [a, b], ioManagers: { own, default: declared } }), projectValues(folder))
    await both.store(of(['a']), 1)
    await both.store(of(['b']), 2)
    expect([[...own.kept], [...declared.kept]]).toEqual([[['a', 1]], [['b', 2]]])
    await new Values(definitions({ assets: [b] }), projectValues(folder)).store(of(['b']), 3)
    expect(readFileSync(join(folder, '.dagma', 'values', 'b.json'), 'utf8')).toBe('3')
  })

  test('a value that is not there says what to do', async () => {
    const days = dailyPartitions({ start: '2026-01-01' })
    const assets = [
      asset({ key: 'x/gone', run: () => 1 }),
      asset({ key: 'daily', partitions: days, run: () => 1 }),
      externalAsset({ key: 'elsewhere' }),
    ]
    const values = new Values(definitions({ assets }), memory())
    const reader = { who: 'Step "consumer"', find: async () => new Map() }
    const messages = [
      await thrownBy(() => values.load(of(['x', 'gone']), reader)),
      await thrownBy(() => values.load(of(['daily'], '2026-01-01'), reader)),
      await thrownBy(() => values.loadPartitions(of(['daily']), ['2026-01-02', '2026-01-03', '2026-01-04'], reader)),
      await thrownBy(() => values.load(of(['elsewhere']), reader)),
      await thrownBy(() => {
        const loading = [values.load(of(['x', 'gone']), reader), values.loadPartitions(of(['daily']), ['2026-01-02', '2026-01-04'], reader)]
        return loadedInputs('Step "consumer"', loading)
      }),
    ]
    expect(messages.map(({ message }) => message)).toMatchInlineSnapshot(`
      [
        "Step "consumer" needs the value of "x/gone", which has not been materialized. Materialize it first: \`dagma asset materialize --select x/gone\`. [DAGMA_INPUT_MISSING]",
        "Step "consumer" needs the value of "daily", partition "2026-01-01", which has not been materialized. Materialize it first: \`dagma asset materialize --select daily --partition 2026-01-01\`. [DAGMA_INPUT_MISSING]",
        "Step "consumer" needs the value of "daily", partitions "2026-01-02...2026-01-04", which have not been materialized. Materialize them first: \`dagma asset materialize --select daily --partition-range 2026-01-02...2026-01-04\`. [DAGMA_INPUT_MISSING]",
        "Step "consumer" needs the value of "elsewhere", which is an external asset, and its IO manager found no value. List it in \`deps\` if its value is not needed, or bind an IO manager that can load it. [DAGMA_INPUT_MISSING]",
        "Step "consumer" needs the value of "x/gone", which has not been materialized, and the value of "daily", partitions "2026-01-02", "2026-01-04", which have not been materialized. Materialize them first: \`dagma asset materialize --select x/gone\`, then \`dagma asset materialize --select daily --partition-range 2026-01-02 --partition-range 2026-01-04\`. [DAGMA_INPUT_MISSING]",
      ]
    `)
  })
})
