import { readdirSync, rmSync, utimesSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asset } from '../../definitions/assets/asset.ts'
import type { IOManager } from '../../definitions/assets/io-manager.ts'
import { definitions } from '../../definitions/definitions.ts'
import { staticPartitions } from '../../definitions/partitions/partitions.ts'
import { temporaryFolder, thrownBy } from '../../test/temporary.ts'
import { jsonFileIOManager } from './json-file-io-manager.ts'
import type { FindMaterializations, KnownMaterialization } from './materialized-values.ts'
import { storageIOManager } from './storage-io.ts'
import { Values } from './values.ts'

const { signal } = new AbortController()
const docs = asset({ key: 'docs', run: () => 1 })
const daily = asset({ key: 'daily', partitions: staticPartitions(['a', 'b', 'c', 'd']), run: () => 1 })
const all = definitions({ assets: [docs, daily] })

/** The record of a host, and the machines on which steps run: each with its own folder, unless one is given. */
class Hosts {
  readonly recorded = new Map<string, KnownMaterialization[]>()

  machine(manager: IOManager = jsonFileIOManager(temporaryFolder())) {
    return (runId: string) => {
      const values = new Values(all, manager) // of its own process
      const of = (key: string, partitionKey?: string) => ({ assetKey: [key], partitionKey, runId, signal })
      const find: FindMaterializations = async ([key = ''], partitions) =>
        new Map(
          partitions.flatMap((partition) => {
            const known = this.recorded.get(`${key} ${partition}`) ?? []
            const found = known.find((one) => one.runId === runId) ?? known[0]
            return found === undefined ? [] : [[partition, found]]
          }),
        )
      const reader = { who: 'Step "index"', find }
      return {
        store: async (value: unknown, key = 'docs', partition?: string) => (await values.store(of(key, partition), value)).stored,
        make: async (value: unknown, key = 'docs', partition?: string) => {
          const { stored } = await values.store(of(key, partition), value)
          const name = `${key} ${partition}`
          this.recorded.set(name, [{ runId, value: stored }, ...(this.recorded.get(name) ?? [])])
        },
        load: (key = 'docs', partition?: string) => values.load(of(key, partition), reader),
        loadPartitions: (...keys: string[]) => values.loadPartitions(of('daily'), keys, reader),
      }
    }
  }
}

/** Sets back when all files of a folder were written. */
function age(folder: string, seconds: number): void {
  for (const file of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (file.isFile()) utimesSync(join(file.parentPath, file.name), Date.now() / 1000 - seconds, Date.now() / 1000 - seconds)
}

describe('a value that is loaded', () => {
  test('is that of the materialization: an older one, or none, is an error that says where it was looked for', async () => {
    const [hosts, folder] = [new Hosts(), temporaryFolder()]
    const [first, second] = [hosts.machine(), hosts.machine(jsonFileIOManager(folder))]
    const none = await thrownBy(async () => {
      await first('0a1b2c3d-run').make('new')
      return second('0a1b2c3d-run').load()
    })
    await second('old').store('old')
    age(folder, 60)
    const older = await thrownBy(() => second('later').load())
    const here = hostname()
    expect([none.message, older.message]).toEqual([
      `Step "index" needs the value of "docs" that run 0a1b2c3d stored on ${here}. On ${here}, there is none in ${folder}/docs.json. If steps run on several machines, store values where every machine can read them: on a shared volume, or with \`s3IOManager()\` or \`storageIOManager()\`. Otherwise materialize it again: \`dagma asset materialize --select docs\`. [DAGMA_VALUE_UNREACHABLE]`,
      `Step "index" needs the value of "docs" that run 0a1b2c3d stored on ${here}. On ${here}, there is an older one in ${folder}/docs.json. If steps run on several machines, store values where every machine can read them: on a shared volume, or with \`s3IOManager()\` or \`storageIOManager()\`. Otherwise materialize it again: \`dagma asset materialize --select docs\`. [DAGMA_VALUE_UNREACHABLE]`,
    ])
    await second('again').store('new')
    expect(await second('later').load()).toBe('new')
  })

  test('may be newer than what is recorded, but not than what the run itself has made', async () => {
    const hosts = new Hosts()
    const storage = new Map<string, string>()
    let now = 0
    const machine = hosts.machine(
      storageIOManager({
        getItemRaw: async (key) => storage.get(key) ?? null,
        setItemRaw: async (key, value) => void storage.set(key, value),
        getMeta: () => ({ mtime: new Date(now) }),
      }),
    )
    await machine('one').make('of one')
    now = Date.now() + 60_000
    await machine('two').store('of two, which has not recorded it')
    expect(await machine('three').load()).toBe('of two, which has not recorded it')
    const { message } = await thrownBy(() => machine('one').load())
    expect(message).toMatch(
      /there is a newer one in docs\.json\. Another run has stored a newer value since: .*\[DAGMA_VALUE_UNREACHABLE\]$/,
    )
  })

  test('is another one where nobody knows which is newer', async () => {
    const hosts = new Hosts()
    const storage = new Map<string, string>()
    const machine = hosts.machine(
      storageIOManager({
        getItemRaw: async (key) => storage.get(key) ?? null,
        setItemRaw: async (key, value) => void storage.set(key, value),
      }),
    )
    await machine('one').make('of one')
    await machine('two').store('of two')
    expect((await thrownBy(() => machine('three').load())).message).toContain('there is a different one in docs.json')
  })

  test('that another run stores and records while it is looked up is the newest', async () => {
    const hosts = new Hosts()
    const manager = jsonFileIOManager(temporaryFolder())
    let between: (() => Promise<void>) | undefined
    const machine = hosts.machine({
      ...manager,
      loadInput: async (context) => {
        const found = await manager.loadInput(context)
        await between?.()
        return found
      },
    })
    await machine('one').make('first')
    between = async () => {
      between = undefined
      await machine('two').make('second')
    }
    expect(await machine('three').load()).toBe('second')
  })

  test('of a materialization that says nothing of it, or of an IO manager that names no content, is taken as it is', async () => {
    const [hosts, folder] = [new Hosts(), temporaryFolder()]
    const machine = hosts.machine(jsonFileIOManager(folder))
    await machine('one').store('old')
    hosts.recorded.set('docs undefined', [{ runId: 'before', value: undefined }])
    expect(await machine('two').load()).toBe('old')
    await machine('three').make('new')
    const nameless = hosts.machine({ handleOutput: async () => ({}), loadInput: async () => ({ value: 'anything' }) })
    expect(await nameless('four').load()).toBe('anything')
  })

  test('of several partitions names those that are not there, as ranges', async () => {
    const [hosts, folder] = [new Hosts(), temporaryFolder()]
    const [first, second] = [hosts.machine(jsonFileIOManager(folder)), hosts.machine()]
    for (const key of ['a', 'b', 'c', 'd']) await first('one').make(key, 'daily', key)
    await second('one').make('d', 'daily', 'd')
    expect(await first('two').loadPartitions('a', 'd')).toEqual({ a: 'a', d: 'd' })
    const { message } = await thrownBy(() => second('two').loadPartitions('a', 'b', 'c', 'd'))
    expect(message).toContain('needs the value of "daily", partition "a...c" that run one stored')
    expect(message).toContain('`dagma asset materialize --select daily --partition-range a...c`')
  })

  test('is never older than what was materialized last, whatever runs and machines there are', async () => {
    const machineNumber = fc.nat({ max: 2 })
    const action = fc.record({ runId: fc.constantFrom('r1', 'r2', 'r3'), machine: machineNumber, reads: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 4, maxLength: 14 }), fc.boolean(), async (actions, isShared) => {
        const [hosts, shared] = [new Hosts(), jsonFileIOManager(temporaryFolder())]
        const machines = [0, 1, 2].map(() => hosts.machine(isShared ? shared : jsonFileIOManager(temporaryFolder())))
        const made: { runId: string; value: number }[] = []
        for (const [value, { runId, machine, reads }] of actions.entries()) {
          const on = machines[machine]?.(runId)
          if (!reads) {
            await on?.make(value)
            made.unshift({ runId, value })
            continue
          }
          const expected = made.find((one) => one.runId === runId) ?? made[0]
          const loaded = await on?.load().catch((error: Error) => error.message)
          if (isShared && expected !== undefined) expect(loaded).toBe(expected.value)
          else expect([expected?.value, expect.stringMatching(/DAGMA_VALUE_UNREACHABLE|DAGMA_INPUT_MISSING/)]).toContainEqual(loaded)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('whose file was deleted is missed', async () => {
    const [hosts, folder] = [new Hosts(), temporaryFolder()]
    const machine = hosts.machine(jsonFileIOManager(folder))
    await machine('one').make(1)
    rmSync(folder, { recursive: true })
    expect((await thrownBy(() => machine('two').load())).message).toContain('there is none in')
  })
})
