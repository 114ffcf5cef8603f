import { createStorage } from 'unstorage'
import fsDriver from 'unstorage/drivers/fs'
import { describe, expect, test } from 'vitest'
import type { IOManager } from '../../definitions/assets/io-manager.ts'
import { ioManagerConformance, of } from '../../test/io-manager-conformance.ts'
import { temporaryFolder } from '../../test/temporary.ts'
import { jsonFileIOManager } from './json-file-io-manager.ts'
import { memoryIOManager } from './memory-io.ts'
import { storageIOManager } from './storage-io.ts'

ioManagerConformance('files', () => jsonFileIOManager(temporaryFolder()))
ioManagerConformance('files that survive a power cut', () => jsonFileIOManager(temporaryFolder(), { sync: true }))
ioManagerConformance('memory', () => memoryIOManager())
ioManagerConformance('unstorage in memory', () => storageIOManager(createStorage()))
ioManagerConformance('unstorage on files', () => storageIOManager(createStorage({ driver: fsDriver({ base: temporaryFolder() }) })))

test('in memory unchanged: the value itself is returned', async () => {
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
      expect(await manager.loadInput(inRun('one', 'a', partition))).toMatchObject({ value: `one ${partition}` })
      expect(await manager.loadInput(inRun('two', 'a', partition))).toMatchObject({ value: `two ${partition}` })
      expect(await manager.loadInput(inRun('three', 'a', partition))).toMatchObject({ value: `two ${partition}` })
    }
    expect(await manager.loadInput(inRun('one', 'only/two'))).toMatchObject({ value: 'two' })
    manager.releaseRun?.('one')
    expect(await manager.loadInput(inRun('one', 'a'))).toMatchObject({ value: 'two undefined' })
    manager.releaseRun?.('never began')
  })
})

test('a storage is not trusted: text that is broken is named, and so is a value that it did not keep', async () => {
  const storage = createStorage()
  const manager = storageIOManager(storage)
  await storage.setItemRaw('a:b.json', '{"a":')
  await expect(manager.loadInput(of('a/b'))).rejects.toMatchObject({ code: 'DAGMA_VALUE_UNREADABLE' })
  const forgetful = storageIOManager({ getItemRaw: (key) => storage.getItemRaw(key), setItemRaw: async () => {} })
  for (const key of ['a/b', 'new']) {
    await expect(forgetful.handleOutput(of(key, 'de'), 1)).rejects.toThrow(
      /value of asset "\S+", partition "de" cannot be stored \(.*did not keep the value/,
    )
  }
})

test('a storage whose value another run sets at the same moment keeps one of the two, and neither run fails', async () => {
  const storage = createStorage()
  let isOvertaken = false
  const overtaken = storageIOManager({
    getItemRaw: (key) => storage.getItemRaw(key),
    async setItemRaw(key, value) {
      await storage.setItemRaw(key, isOvertaken ? value : '"of the other run"')
      isOvertaken = true
    },
  })
  await overtaken.handleOutput(of('a'), 1)
  expect(await overtaken.loadInput(of('a'))).toMatchObject({ value: 1 })
})
