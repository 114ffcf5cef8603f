import { expect, test } from 'vitest'
import { MessageSender } from '../dagster/pipes/message-sender.ts'
import type { PipesMessage } from '../dagster/pipes/protocol.ts'
import { PipesSession } from '../dagster/pipes/session.ts'
import { keyText } from '../definitions/assets/asset-key.ts'
import {
  asset,
  assetCheck,
  definitions,
  type IOManager,
  materialize,
  materializeResult,
  memoryIOManager,
  multiAsset,
  retryPolicy,
  staticPartitions,
} from '../index.ts'
import { pipesContext } from '../test/pipes-context.ts'
import { temporaryFolder } from '../test/temporary.ts'
import { failureOf, PipesReport } from './pipes-report.ts'

/** Runs definitions in a session for `keys`; gives the reports, the lines of the log and the status. */
async function reported(project: ReturnType<typeof definitions>, keys: readonly string[]) {
  const messages: PipesMessage[] = []
  const session = new PipesSession({
    data: pipesContext({ asset_keys: [...keys] }),
    sender: new MessageSender((message) => messages.push(message)),
    ending: () => {},
    ended: async () => {},
  })
  const report = new PipesReport(session)
  const run = await materialize(project, { projectFolder: temporaryFolder({}), onEvent: (event) => report.onEvent(event) })
  report.end()
  const reports = messages.filter(({ method }) => method.startsWith('report_')).map(({ params }) => params)
  const log = messages.filter(({ method }) => method === 'log').map(({ params }) => params?.message)
  return { run, reports, log }
}

/** A multi-asset of `a`, and of `b`, which is not stored the first `failures` times. */
function twoParts(failures: number) {
  let [attempts, tries] = [0, 0]
  const values = memoryIOManager()
  const flaky: IOManager = {
    handleOutput: (context, value) => {
      if (keyText(context.assetKey) === 'b' && ++tries <= failures) throw new Error('the disk is full')
      return values.handleOutput(context, value)
    },
    loadInput: (context) => values.loadInput(context),
  }
  const both = multiAsset({
    name: 'both',
    assets: { a: {}, b: {} },
    ioManager: 'flaky',
    retryPolicy: retryPolicy({ maxRetries: 2 }),
    run: () => ({ a: materializeResult(1, { metadata: { attempt: ++attempts } }), b: 2 }),
  })
  return definitions({ assets: [both], ioManagers: { flaky } })
}

test('a part of a multi-asset that a retry gives again is reported once, as it was given last', async () => {
  const { run, reports } = await reported(twoParts(2), ['a', 'b'])
  expect(run.events.filter(({ type }) => type === 'ASSET_MATERIALIZATION').length).toBeGreaterThan(2)
  expect(run.status).toBe('SUCCESS')
  expect(reports).toMatchObject([{ asset_key: 'a', metadata: { attempt: { type: 'int', raw_value: 3 } } }, { asset_key: 'b' }])
})

test('what a step gave before it failed is reported, before its error', async () => {
  const { run, reports, log } = await reported(twoParts(9), ['a', 'b'])
  expect(reports).toMatchObject([{ asset_key: 'a', metadata: { attempt: { raw_value: 3 } } }])
  expect(log.at(-1)).toContain('the disk is full')
  expect(failureOf(run).message).toContain('the disk is full')
})

test('a check is reported with its description, which metadata of that name keeps out; assets of others are logged', async () => {
  const page = asset({ key: 'page', run: () => 1 })
  const other = asset({ key: 'other', run: () => 1 })
  const said = assetCheck({ asset: page, name: 'said', run: () => ({ passed: true, description: 'All is well.' }) })
  const own = assetCheck({
    asset: page,
    name: 'own',
    run: () => ({ passed: true, description: 'x', metadata: { description: 'its own' } }),
  })
  const { reports, log } = await reported(definitions({ assets: [page, other], checks: [said, own] }), ['page'])
  const checks = reports.filter((params) => params !== null && 'check_name' in params)
  expect(Object.fromEntries(checks.map((params) => [params?.check_name, params?.metadata]))).toMatchObject({
    said: { description: { type: 'text', raw_value: 'All is well.' } },
    own: { description: { type: 'text', raw_value: 'its own' } },
  })
  expect(log).toContain('Made other, which is not an asset of this step.')
})

test('a check of several partitions is reported once, as their sum', async () => {
  const daily = asset({
    key: 'daily',
    partitions: staticPartitions(['a', 'b', 'c']),
    backfillPolicy: 'single-run',
    checks: { positive: {} },
    run: ({ partitionKey }) => materializeResult(1, { checks: { positive: { passed: partitionKey !== 'a' } } }),
  })
  const messages: PipesMessage[] = []
  const session = new PipesSession({
    data: pipesContext({ asset_keys: ['daily'] }),
    sender: new MessageSender((message) => messages.push(message)),
    ending: () => {},
    ended: async () => {},
  })
  const report = new PipesReport(session)
  const range = { start: 'a', end: 'c' }
  await materialize(definitions({ assets: [daily] }), {
    projectFolder: temporaryFolder({}),
    partitionKeyRange: range,
    onEvent: (event) => report.onEvent(event),
  })
  report.end()
  const checks = messages.filter(({ method }) => method === 'report_asset_check').map(({ params }) => params)
  expect(checks).toMatchObject([{ check_name: 'positive', passed: false, severity: 'ERROR' }])
})
