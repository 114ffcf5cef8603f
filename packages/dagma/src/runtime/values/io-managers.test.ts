import { createStorage } from 'unstorage'
import fsDriver from 'unstorage/drivers/fs'
import { describe, expect, test } from 'vitest'
import type { IOManager } from '../../definitions/assets/io-manager.ts'
import { temporaryFolder } from '../../test/temporary.ts'
import { jsonFileIOManager } from './json-file-io-manager.ts'
import { memoryIOManager } from './memory-io.ts'
import { storageIOManager } from './storage-io.ts'

const of = (key: string, partitionKey?: string) => ({
  assetKey: key.split('/'),
  partitionKey,
  runId: 'r',
  signal: new AbortController().signal,
})

/** What every IO manager does. */
describe.each<[name: string, make: () => IOManager]>([
  ['files', () => jsonFileIOManager(temporaryFolder())],
  ['files that survive a power cut', () => jsonFileIOManager(temporaryFolder(), { sync: true })],
  ['memory', memoryIOManager],
  ['unstorage in memory', () => storageIOManager(createStorage())],
  ['unstorage on files', () => storageIOManager(createStorage({ driver: fsDriver({ base: temporaryFolder() }) }))],
])('%s', (_name, make) => {
  test('give back the last value, and nothing where there is none', async () => {
    const manager = make()
    expect(await manager.loadInput(of('a'))).toBeUndefined()
    for (const value of [{ n: [1, 'ü', null] }, 'text', 0, false, null, [], '2026-01-01', '{"a":1}', '12']) {
      await manager.handleOutput(of('a'), value)
      expect(await manager.loadInput(of('a'))).toEqual({ value })
    }
  })

  test('keep assets and partitions apart', async () => {
    const manager = make()
    const places = [of('a'), of('a/b'), of('a', 'b'), of('a', 'x/y'), of('b', '2026-01-01|de')]
    for (const [index, place] of places.entries()) await manager.handleOutput(place, index)
    for (const [index, place] of places.entries()) expect(await manager.loadInput(place)).toEqual({ value: index })
  })
})

test('in memory as it is: what is given back is the value itself', async () => {
  const [manager, value] = [memoryIOManager({ asIs: true }), new Map([['a', 1n]])]
  await manager.handleOutput(of('a'), value)
  expect((await manager.loadInput(of('a')))?.value).toBe(value)
})

describe.each<[name: string, make: () => IOManager]>([
  ['files', () => jsonFileIOManager(temporaryFolder())],
  ['files that survive a power cut', () => jsonFileIOManager(temporaryFolder(), { sync: true })],
  ['memory', memoryIOManager],
  ['memory, as it is', () => memoryIOManager({ asIs: true })],
])('runs that overlap, in %s', (_name, make) => {
  test('each read their own values, and those last stored where they have none', async () => {
    const manager = make()
    const inRun = (runId: string, key: string, partition?: string) => ({ ...of(key, partition), runId })
    for (const runId of ['one', 'two']) {
      for (const partition of [undefined, 'p']) await manager.handleOutput(inRun(runId, 'a', partition), `${runId} ${partition}`)
      await manager.handleOutput(inRun(runId, `only/${runId}`), runId)
    }
    for (const partition of [undefined, 'p']) {
      expect(await manager.loadInput(inRun('one', 'a', partition))).toEqual({ value: `one ${partition}` })
      expect(await manager.loadInput(inRun('two', 'a', partition))).toEqual({ value: `two ${partition}` })
      expect(await manager.loadInput(inRun('three', 'a', partition))).toEqual({ value: `two ${partition}` })
    }
    expect(await manager.loadInput(inRun('one', 'only/two'))).toEqual({ value: 'two' })
    manager.releaseRun?.('one')
    expect(await manager.loadInput(inRun('one', 'a'))).toEqual({ value: 'two undefined' })
    manager.releaseRun?.('never began')
  })
})

test('what is stored is measured, and broken text is named', async () => {
  const storage = createStorage()
  const manager = storageIOManager(storage)
  expect(await manager.handleOutput(of('a/b'), 'ü')).toEqual({ sizeBytes: 4 })
  await storage.setItemRaw('a:b.json', '{"a":')
  await expect(manager.loadInput(of('a/b'))).rejects.toMatchObject({ code: 'DAGMA_VALUE_UNREADABLE' })
})
