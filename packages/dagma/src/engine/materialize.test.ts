import { rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { asset } from '../definitions/assets/asset.ts'
import { materializeResult } from '../definitions/assets/results.ts'
import { job } from '../definitions/automation/job.ts'
import { definitions } from '../definitions/definitions.ts'
import { temporaryFolder, thrownBy } from '../test/temporary.ts'
import { EventLog } from './event-log.ts'
import { materialize } from './materialize.ts'

const raw = asset({ key: 'raw', run: () => materializeResult([1, 2, 3], { metadata: { count: 3 } }) })
const sum = asset({ key: 'sum', inputs: { raw }, run: ({ inputs }) => inputs.raw.reduce((a, b) => a + b, 0) })
const broken = asset({
  key: 'broken',
  deps: [sum],
  run: (): string => {
    throw new Error('broken')
  },
})
const all = definitions({ assets: [raw, sum, broken], jobs: [job({ name: 'numbers', selection: [raw, sum] })] })

describe('materialize', () => {
  test('runs a selection, with its values and materializations', async () => {
    const run = await materialize(all, { projectFolder: temporaryFolder(), selection: '+sum' })
    expect(run.status).toBe('SUCCESS')
    expect([...run.materializations.keys()]).toEqual(['raw', 'sum'])
    expect(run.materializations.get('raw')?.metadata.count).toEqual({ type: 'int', raw_value: 3 })
    const total: number = await run.load(sum)
    expect(total).toBe(6)
    expect(await thrownBy(() => run.load(broken))).toMatchObject({ code: 'DAGMA_INPUT_MISSING' })
  })

  test('metadata never changes the value', async () => {
    const run = await materialize(all, { projectFolder: temporaryFolder(), selection: 'raw' })
    expect(await run.load(raw)).toEqual([1, 2, 3])
  })

  test('runs all by default; a failed run is a result', async () => {
    const projectFolder = temporaryFolder()
    const run = await materialize(all, { projectFolder })
    expect(run.status).toBe('FAILURE')
    expect([...run.materializations.keys()]).toEqual(['raw', 'sum'])
    using log = EventLog.open(projectFolder)
    expect(log.runs(1)).toMatchObject([{ runId: run.runId, status: 'FAILURE' }])
  })

  test('a later run reads what an earlier one stored', async () => {
    const projectFolder = temporaryFolder()
    await materialize(all, { projectFolder, selection: 'raw' })
    const run = await materialize(all, { projectFolder, selection: 'sum' })
    expect(await run.load(sum)).toBe(6)
  })

  test('a value that is older than its last materialization is not loaded, nor one that is gone', async () => {
    const projectFolder = temporaryFolder()
    let rows = [1]
    const orders = asset({ key: 'orders', run: () => rows })
    const total = asset({ key: 'total', inputs: { orders }, run: ({ inputs }) => inputs.orders.length })
    const project = definitions({ assets: [orders, total] })
    const run = (selection: string) => materialize(project, { projectFolder, selection })
    const file = join(projectFolder, '.dagma', 'values', 'orders.json')
    const failure = async () => {
      const { events, status } = await run('total')
      return [status, ...events.flatMap((event) => (event.type === 'STEP_FAILURE' ? [event.error.message] : []))]
    }
    const first = await run('orders')
    const { mtime } = statSync(file)
    expect(first.materializations.get('orders')?.stored).toMatchObject({ digest: expect.any(String), host: hostname() })
    rows = [1, 2]
    await run('orders')
    expect((await run('total')).status).toBe('SUCCESS')
    writeFileSync(file, '[1]')
    utimesSync(file, mtime, new Date(mtime.getTime() - 1000))
    expect(await failure()).toEqual([
      'FAILURE',
      expect.stringMatching(/there is an older one in .*orders\.json.*\[DAGMA_VALUE_UNREACHABLE\]/),
    ])
    rmSync(join(projectFolder, '.dagma', 'values'), { recursive: true })
    expect(await failure()).toEqual(['FAILURE', expect.stringMatching(/there is none in .*\[DAGMA_VALUE_UNREACHABLE\]/)])
    expect(await thrownBy(() => first.load(orders))).toMatchObject({ code: 'DAGMA_VALUE_UNREACHABLE' })
    expect((await run('+total')).status).toBe('SUCCESS')
  })

  test('runs a job, and says so in the log', async () => {
    const projectFolder = temporaryFolder()
    await materialize(all, { projectFolder, job: 'numbers' })
    using log = EventLog.open(projectFolder)
    expect(log.runs(1)).toMatchObject([{ jobName: 'numbers', assetKeys: ['raw', 'sum'] }])
  })

  test('wrong requests are refused before anything is made', async () => {
    const projectFolder = temporaryFolder()
    const messages: string[] = []
    for (const options of [{ job: 'number' }, { selection: 'summ' }, { selection: ' ' }, { selection: '(' }, { config: { raw: {} } }])
      messages.push((await thrownBy(() => materialize(all, { projectFolder, ...options }))).message)
    expect(messages).toMatchInlineSnapshot(`
      [
        "There is no job "number" (jobs: numbers). Use one of these jobs, or add it to definitions(). [DAGMA_JOB_UNKNOWN]",
        "The selection "summ" contains "summ", which matches no asset. Did you mean "sum"? Run \`dagma asset list\` to see the assets. [DAGMA_SELECTION_UNKNOWN]",
        "This run selects no asset (" "). Select at least one. [DAGMA_SELECTION_EMPTY]",
        "The selection "(" is invalid: at column 2, a selection such as key:"a" was expected, but there is nothing more. Write it as Dagster does, for example \`key:"a" or group:llm\`, \`+a\`, \`a+\`, or a list such as \`a,b\`. [DAGMA_SELECTION_SYNTAX]",
        "Config was passed for "raw", which has no config. Pass config only for selected assets that declare it. [DAGMA_CONFIG_UNKNOWN]",
      ]
    `)
  })
})

test('an option that does not exist is refused', async () => {
  const wrong = { partition: '2026-01-01' } as object
  await expect(async () => materialize(definitions({ assets: [] }), wrong)).rejects.toMatchObject({ code: 'DAGMA_OPTION_UNKNOWN' })
})
