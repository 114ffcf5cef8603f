import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asset } from '../definitions/asset.ts'
import { definitions } from '../definitions/definitions.ts'
import type { IOManager } from '../definitions/io-manager.ts'
import { temporaryFolder, thrownBy } from '../test/temporary.ts'
import { jsonFiles, jsonText, projectIOManager } from './json-files.ts'

const load = (manager: IOManager, ...assetKey: string[]) => manager.loadInput({ assetKey, runId: 'r', downstream: ['consumer'] })
const store = (manager: IOManager, value: unknown, ...assetKey: string[]) => manager.handleOutput({ assetKey, runId: 'r' }, value)

describe('jsonFiles', () => {
  test('gives back what it was given', async () => {
    const manager = jsonFiles(temporaryFolder())
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const { sizeBytes } = await store(manager, value, 'a')
        const text = JSON.stringify(value)
        expect(sizeBytes).toBe(Buffer.byteLength(text))
        expect(JSON.stringify(await load(manager, 'a'))).toBe(text)
      }),
      { numRuns: 50 },
    )
  })

  test('makes folders, and keeps an asset and those below it apart', async () => {
    const folder = temporaryFolder()
    const manager = jsonFiles(join(folder, 'not', 'there'))
    for (const key of [['a'], ['a', 'b'], ['a', 'b', 'c']]) await store(manager, key.join('/'), ...key)
    for (const key of [['a'], ['a', 'b'], ['a', 'b', 'c']]) expect(await load(manager, ...key)).toBe(key.join('/'))
    expect(readdirSync(join(folder, 'not', 'there'), { recursive: true }).sort()).toEqual(['a', 'a.json', 'a/b', 'a/b.json', 'a/b/c.json'])
  })

  test('stores nothing as null', async () => {
    const manager = jsonFiles(temporaryFolder())
    await store(manager, undefined, 'a')
    expect(await load(manager, 'a')).toBeNull()
  })

  test('says what is missing and what is broken', async () => {
    const folder = temporaryFolder({ 'broken.json': '{"a":' })
    const manager = jsonFiles(folder)
    const messages = [await thrownBy(() => load(manager, 'x', 'gone')), await thrownBy(() => load(manager, 'broken'))]
    expect(messages.map(({ message }) => message.replace(folder, '<folder>'))).toMatchInlineSnapshot(`
      [
        "Asset "consumer" needs the value of "x/gone", which has not been materialized. Materialize it first: \`dagma asset materialize --select x/gone\`. [DAGMA_INPUT_MISSING]",
        "The stored value of asset "broken" cannot be read (<folder>/broken.json). Materialize it again: \`dagma asset materialize --select broken\`. [DAGMA_VALUE_UNREADABLE]",
      ]
    `)
    expect(messages[1]?.cause).toBeInstanceOf(SyntaxError)
  })

  test('nobody reads a half-written value while another is written', async () => {
    const folder = temporaryFolder()
    const manager = jsonFiles(folder)
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
    expect(readdirSync(folder)).toEqual(['a.json'])
  })

  test('a value that cannot be written leaves the old one and no file beside it', async () => {
    const folder = temporaryFolder()
    const manager = jsonFiles(folder)
    await store(manager, 1, 'a')
    await thrownBy(() => store(manager, 1n, 'a'))
    expect(await load(manager, 'a')).toBe(1)
    mkdirSync(join(folder, 'taken.json'))
    writeFileSync(join(folder, 'taken.json', 'x'), '')
    await thrownBy(() => store(manager, 1, 'taken'))
    expect(readdirSync(folder).sort()).toEqual(['a.json', 'taken.json'])
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
      const error = await thrownBy(() => jsonText('a', value))
      expect(error).toMatchObject({ code: 'DAGMA_VALUE_NOT_STORABLE', kind: 'user_code' })
      messages.push(error.message.replace(/ Return JSON data.*/, ''))
    }
    expect(messages).toMatchInlineSnapshot(`
      [
        "The value of asset "a" cannot be stored as JSON: it is a bigint.",
        "The value of asset "a" cannot be stored as JSON: it has a bigint at "id".",
        "The value of asset "a" cannot be stored as JSON: it is NaN.",
        "The value of asset "a" cannot be stored as JSON: it has Infinity at "a".",
        "The value of asset "a" cannot be stored as JSON: it is a function.",
        "The value of asset "a" cannot be stored as JSON: it has a function at "f".",
        "The value of asset "a" cannot be stored as JSON: it has a symbol at "0".",
        "The value of asset "a" cannot be stored as JSON: Converting circular structure to JSON.",
        "The value of asset "a" cannot be stored as JSON: it is a Map.",
        "The value of asset "a" cannot be stored as JSON: it has a Set at "seen".",
        "The value of asset "a" cannot be stored as JSON: it has a Float32Array at "vector".",
        "The value of asset "a" cannot be stored as JSON: it is a Buffer.",
      ]
    `)
  })

  test('members that are undefined are left out, as in any JSON', () => {
    expect(jsonText('a', { a: undefined, b: 1 })).toBe('{"b":1}')
  })
})

test('the declared IO manager takes the place of files', async () => {
  const kept = new Map<string, unknown>()
  const ioManager: IOManager = {
    handleOutput: async ({ assetKey }, value) => {
      kept.set(assetKey.join('/'), value)
      return {}
    },
    loadInput: async ({ assetKey }) => kept.get(assetKey.join('/')),
  }
  const a = asset({ key: 'a', run: () => 1 })
  expect(projectIOManager(definitions({ assets: [a], ioManager }), '/nowhere')).toBe(ioManager)
  const folder = temporaryFolder()
  await projectIOManager(definitions({ assets: [a] }), folder).handleOutput({ assetKey: ['a'], runId: 'r' }, 1)
  expect(readFileSync(join(folder, '.dagma', 'values', 'a.json'), 'utf8')).toBe('1')
})
