import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mlflowExecutable, startMlflow } from '../../scripts/test-services/mlflow.ts'
import type { TestService } from '../../scripts/test-services/service.ts'
import { dagsterRuns } from '../support/dagster-instance.ts'
import { lacks, needsPython } from '../support/needs.ts'
import { comparable, dagsterRun, embeddedRun, type HostRun, parity } from '../support/parity.ts'
import { platformProject, smallProject, type TestProject } from '../support/test-project.ts'

/** Successes, failures and messages that the M7 project does not have. */
const definitions = `
import { asset, definitions, MetadataValue, materializeResult } from 'dagma'

const values = asset({
  key: 'values',
  run: () => materializeResult({ list: [1, 'ü', null] }, { metadata: {
    text: 'plain “text” 日本', md: MetadataValue.md('**bold**'), json: { a: [1, null, { b: true }] }, url: MetadataValue.url('https://example.com/a?b=c#d'),
    path: MetadataValue.path('/data/x.csv'), int: 9007199254740991, float: 0.1, whole: MetadataValue.float(3), bool: false,
    timestamp: new Date(1700000000123), nothing: null, absent: undefined, long: 'x'.repeat(40_000), asset: MetadataValue.asset('part/of/key'),
    url_as_text: 'https://example.com/not-a-link', empty: '', emptyList: [], 'a key/with: signs': 1,
    gaps: MetadataValue.table({ records: [{ a: 1 }, { b: 'x', a: 0.5 }] }), rows: MetadataValue.table({ records: Array.from({ length: 2000 }, (_, id) => ({ id, text: 'row' })) }),
    columns: MetadataValue.tableSchema({ columns: [{ name: 'id', type: 'int', constraints: { nullable: false, other: ['> 0'] }, tags: { pii: 'no' } }] }),
    deep: JSON.parse('['.repeat(100) + ']'.repeat(100)), rounded: -0,
  } }),
})
const talks = asset({
  key: ['nested', 'talks'],
  run: ({ log }) => {
    log.debug('debug')
    log.info('info\\nin two lines')
    log.warning('warning')
    log.error('error', new Map([['row', { id: 1 }]]), [undefined, 2n])
    log.critical('critical')
    return 'value'
  },
})
const broken = asset({
  key: ['nested', 'broken'],
  deps: [talks],
  run: ({ log }) => {
    log.info('before')
    throw new RangeError('it broke: 1 < 2', { cause: new TypeError('deep inside', { cause: new Error('deepest') }) })
  },
})
const several = asset({
  key: 'several',
  run: () => {
    const inner = new TypeError('no row', { cause: { message: 'thrown without an Error', code: 5 } })
    throw new AggregateError([new Error('one'), inner, inner], 'all failed', { cause: Object.assign(new Error('x'), { message: Object.create(null) }) })
  },
})
const wrongTable = asset({ key: 'wrong_table', run: () => materializeResult(1, { metadata: { table: MetadataValue.table({ records: [{ a: { b: 1 } }] }) } }) })
const forgotten = asset({ key: 'forgotten', run: () => ({ rows: [{ later: Promise.resolve(1) }] }) })
const throwsText = asset({ key: 'throws_text', run: () => { throw 'only a text' } })
const wrongMetadata = asset({ key: 'wrong_metadata', run: () => materializeResult(1, { metadata: { big: 2 ** 60 } }) })
const wrongValue = asset({ key: 'wrong_value', run: () => ({ big: 1n }) })
const after = asset({ key: 'after', inputs: { broken }, run: () => 1 })

export default definitions({ assets: [values, talks, broken, several, wrongTable, forgotten, throwsText, wrongMetadata, wrongValue, after] })
`

/** Every kind of definition that makes steps. */
const everyKind = `
import { asset, assetCheck, dailyPartitions, definitions, Failure, hourlyPartitions, job, mapped, materializeResult, monthlyPartitions, multiAsset, observableAsset, PartitionMapping, retryPolicy, staticPartitions } from 'dagma'

const checked = asset({
  key: 'checked',
  checks: { big: { blocking: false, description: 'Declared.' } },
  run: () => materializeResult(1, { metadata: { n: 1 }, dataVersion: 'v1', checks: { big: { passed: false, severity: 'WARN', description: 'small', metadata: { limit: 2 } } } }),
})
const odd = assetCheck({ asset: checked, name: 'odd', run: async ({ load, log }) => { log.info('checking'); return { passed: (await load()) % 2 === 1 } } })
const guarded = asset({ key: 'guarded', run: () => 1 })
const guard = assetCheck({ asset: guarded, name: 'guard', blocking: true, run: () => ({ passed: false, metadata: { seen: 1 } }) })
const behind = asset({ key: 'behind', deps: [guarded], run: () => 1 })
const flaky = asset({ key: 'flaky', retryPolicy: retryPolicy({ maxRetries: 2 }), run: ({ retryNumber }) => { if (retryNumber < 2) throw new Error('not yet'); return retryNumber } })
const given = asset({ key: 'given_up', retryPolicy: retryPolicy({ maxRetries: 2 }), run: () => { throw new Failure('given up', { metadata: { rows: 3 }, allowRetries: false }) } })
const late = asset({ key: 'late', timeoutSeconds: 0.05, run: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))) })
const shop = multiAsset({ name: 'shop', canSubset: true, assets: { orders: {}, customers: { key: 'crm/customers' } }, run: ({ selected }) => Object.fromEntries([...selected].map((name) => [name, materializeResult(name, { metadata: { name } })])) })
const feed = observableAsset({ key: 'feed', run: () => ({ dataVersion: '7', metadata: { entries: 12 } }) })
const countries = staticPartitions(['de', 'fr'])
const sales = asset({ key: 'sales', group: 'parted', partitions: countries, run: ({ partitionKey }) => materializeResult(partitionKey, { metadata: { key: partitionKey } }) })
const report = asset({ key: 'report', group: 'parted', partitions: countries, inputs: { sales }, run: ({ inputs }) => materializeResult(1, { metadata: { from: inputs.sales } }) })
const total = asset({ key: 'total', inputs: { sales: mapped(sales, PartitionMapping.all()) }, run: ({ inputs }) => materializeResult(2, { metadata: { keys: Object.keys(inputs.sales) } }) })
const timezone = 'America/New_York' // its clock showed the hour from one o'clock twice on that day
const day = dailyPartitions({ start: '2025-11-02', end: '2025-11-03', timezone })
const windows = PartitionMapping.timeWindow({ allowNonexistentUpstreamPartitions: true })
const clicks = asset({ key: 'clicks', partitions: hourlyPartitions({ start: '2025-11-02-01:00', end: '2025-11-02-02:00', timezone }), run: ({ partitionKey }) => materializeResult(partitionKey, { metadata: { hour: partitionKey } }) })
const rates = asset({ key: 'rates', partitions: monthlyPartitions({ start: '2025-11-01', end: '2025-12-01', timezone }), run: () => 7 })
const priced = asset({ key: 'priced', partitions: day, inputs: { clicks: mapped(clicks, windows), rates: mapped(rates, PartitionMapping.timeWindow()) }, run: ({ inputs }) => materializeResult(1, { metadata: { clicks: inputs.clicks, rates: inputs.rates } }) })
const strict = asset({ key: 'strict', retryPolicy: retryPolicy({ maxRetries: 1 }), checks: { good: { blocking: true } }, run: () => materializeResult(1, { checks: { good: { passed: false, metadata: { seen: 1 } } } }) })
const notify = (hook) => ({ stepName, error, log }) => log.warning(hook + ' ' + stepName + ': ' + error?.name + ': ' + error?.message)
const hooked = job({ name: 'hooked', selection: [flaky, given, late, strict], onSuccess: notify('success'), onFailure: notify('failure') })

export default definitions({ jobs: [hooked], assets: [strict, checked, guarded, behind, flaky, given, late, shop, feed, sales, report, total, clicks, rates, priced], checks: [odd, guard] })
`

describe.skipIf(lacks(needsPython()))('parity of the two hosts', () => {
  let small: TestProject
  let kinds: TestProject
  let platform: TestProject
  beforeAll(() => {
    kinds = smallProject(everyKind)
    small = smallProject(definitions)
    platform = platformProject()
  })
  afterAll(() => {
    small?.[Symbol.dispose]()
    kinds?.[Symbol.dispose]()
    platform?.[Symbol.dispose]()
  })

  it('holds for the M7 project with its local backends', async () => {
    // Evaluations are compared with the accepted ones, which is the first run of all: both hosts come after it.
    await platform.dagma(['asset', 'materialize', '-s', '*'])
    const { embedded, dagster } = await onBothHosts(platform, {})
    expect(dagster).toEqual(embedded)
    expect(JSON.stringify(dagster)).toContain('"status":"SUCCESS"')
  })

  describe.skipIf(lacks(mlflowExecutable() ? '' : 'there is no MLflow.'))('with a real MLflow', () => {
    let mlflow: TestService
    beforeAll(async () => {
      mlflow = await startMlflow()
    })
    afterAll(() => mlflow?.stop())

    it('holds for the M7 project', async () => {
      const env = { MLFLOW_USE_TRACKING: 'true', MLFLOW_TRACKING_URI: mlflow.url, MLFLOW_UI_BASE_URL: mlflow.url }
      const { embedded, dagster } = await onBothHosts(platform, env, 'train_model_stub')
      expect(dagster).toEqual(embedded)
      expect(JSON.stringify(dagster)).toContain('"mlflow_run_url":{"type":"url","raw_value":"(not compared)"}')
    })
  })

  it('holds for every kind of value, log, error and cause', async () => {
    const { embedded, dagster } = await onBothHosts(small, {})
    expect(dagster).toEqual(embedded)
    const text = JSON.stringify(dagster)
    for (const said of [
      '"status":"FAILURE"',
      '"name":"TypeError","message":"deep inside"',
      '"message":"deepest"',
      'only a text',
      'DAGMA_METADATA_INVALID',
      'info\\nin two lines',
    ])
      expect(text).toContain(said)
    expect(text).not.toContain('"after"')
  })

  it('holds for checks, retries, failures on purpose, time limits, parts of a multi-asset', async () => {
    const { embedded, dagster } = await onBothHosts(
      kinds,
      {},
      ['checked', 'guarded', 'behind', 'flaky', 'given_up', 'late', 'orders'].join(','),
    )
    expect(dagster).toEqual(embedded)
    const text = JSON.stringify(dagster)
    for (const said of [
      '"check":"odd"',
      '"severity":"WARN"',
      'DAGMA_CHECKS_FAILED',
      'STEP_RESTARTED',
      '"rows":{"type":"int","raw_value":3}',
      'DAGMA_TIMEOUT',
      '"asset":"orders"',
    ])
      expect(text).toContain(said)
    expect(text).not.toMatch(/"(behind|crm\/customers)"/)
  })

  it('holds for hooks of a job: when they are called, and with what', async () => {
    const embedded = comparable(await embeddedAfter(kinds, {}, ['job', 'launch', '--job', 'hooked']))
    const dagster = comparable(await dagsterAfter(kinds, {}, ['job', 'execute', '--job', 'hooked']))
    expect(dagster).toEqual(embedded)
    const { steps } = dagster as { steps: Record<string, { type: string; message?: string }[]> }
    const called = Object.values(steps).map((events) => [events.at(-2)?.type, events.at(-1)?.message?.split('. ')[0]])
    expect(called.sort()).toEqual([
      ['STEP_FAILURE', 'failure given_up: Failure: given up'],
      ['STEP_FAILURE', 'failure late: ExecutionError: Step "late" did not finish within 0.05 s'],
      ['STEP_FAILURE', 'failure strict: UserCodeError: Blocking checks failed: strict:good'],
      ['STEP_SUCCESS', 'success flaky: undefined: undefined'],
    ])
    expect(JSON.stringify(steps.strict)).toContain('"error_type":{"type":"text","raw_value":"DAGMA_CHECKS_FAILED"}')
  })

  it('holds for partitions and their mappings', async () => {
    for (const partition of ['de', 'fr']) {
      const { embedded, dagster } = await onBothHosts(kinds, {}, 'sales,report', ['--partition', partition])
      expect(dagster).toEqual(embedded)
      expect(JSON.stringify(dagster)).toContain(`"partition":"${partition}"`)
    }
    const { embedded, dagster } = await onBothHosts(kinds, {}, 'total')
    expect(dagster).toEqual(embedded)
    expect(JSON.stringify(dagster)).toContain('["de","fr"]')
  })

  it('holds for an hour that is there twice, and for windows of other cadences', async () => {
    for (const [selection, partition, text] of [
      ['clicks', '2025-11-02-01:00', '"raw_value":"2025-11-02-01:00"'],
      ['clicks', '2025-11-02-01:00-0500', '"raw_value":"2025-11-02-01:00-0500"'],
      ['rates', '2025-11-01', '"partition":"2025-11-01"'],
      ['priced', '2025-11-02', '{"2025-11-02-01:00":"2025-11-02-01:00","2025-11-02-01:00-0500":"2025-11-02-01:00-0500"}'],
    ] as const) {
      const { embedded, dagster } = await onBothHosts(kinds, {}, selection, ['--partition', partition])
      expect(dagster).toEqual(embedded)
      expect(JSON.stringify(dagster)).toContain(text)
    }
  })

  it('gives a reason for each field that is not compared', () => {
    for (const { reason } of parity.excluded) expect(reason).toMatch(/^[A-Z].{10,}\.$/)
  })
})

/** Runs a selection on both hosts, and gives what is to be compared. */
async function onBothHosts(
  project: TestProject,
  env: Readonly<Record<string, string>>,
  selection = '*',
  more: readonly string[] = [],
): Promise<{ embedded: unknown; dagster: unknown }> {
  const embedded = await runEmbedded(project, env, [selection, ...more])
  const dagster = await runInDagster(project, env, [selection, ...more])
  return { embedded: comparable(embedded), dagster: comparable(dagster) }
}

function runEmbedded(project: TestProject, env: Readonly<Record<string, string>>, selection: readonly string[]): Promise<HostRun> {
  return embeddedAfter(project, env, ['asset', 'materialize', '--select', ...selection])
}

async function embeddedAfter(project: TestProject, env: Readonly<Record<string, string>>, command: readonly string[]): Promise<HostRun> {
  await project.dagma(command, { env })
  const [newest] = await project.dagmaJson<{ runId: string }[]>(['run', 'list', '--limit', '1'])
  return embeddedRun(await project.dagmaJson(['run', 'show', newest?.runId ?? '']))
}

function runInDagster(project: TestProject, env: Readonly<Record<string, string>>, selection: readonly string[]): Promise<HostRun> {
  return dagsterAfter(project, env, ['asset', 'materialize', '--select', ...selection])
}

async function dagsterAfter(project: TestProject, env: Readonly<Record<string, string>>, command: readonly string[]): Promise<HostRun> {
  await project.python('dagster', [...command, '-m', 'dagma.definitions'], { env })
  const newest = (await dagsterRuns(project)).at(-1)
  if (newest === undefined) throw new Error('Dagster has no run.')
  return dagsterRun(newest)
}
