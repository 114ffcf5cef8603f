/**
 * Random projects for the comparison with Dagster (python/tests/test_random_projects.py): one JSON document a line, a manifest with samples of
 * config, or why `definitions()` refused the project.
 *
 *     node scripts/random/projects.ts <seed> <count> [oldest: only what Dagster 1.11 takes as well, see docs/hosting.md]
 */
import fc from 'fast-check'
import type { z } from 'zod'
import type { Digests } from '../../packages/dagma/src/dagster/host/digests.ts'
import { buildManifest } from '../../packages/dagma/src/dagster/host/manifest.ts'
import {
  AutomationCondition,
  asset,
  assetCheck,
  type BackfillPolicy,
  DagmaError,
  DefinitionErrors,
  type Definitions,
  dailyPartitions,
  definitions,
  dynamicPartitions,
  externalAsset,
  hourlyPartitions,
  type Job,
  job,
  type Metadata,
  MetadataValue,
  monthlyPartitions,
  multiAsset,
  multiPartitions,
  observableAsset,
  type PartitionsDefinition,
  retryPolicy,
  schedule,
  sensor,
  staticPartitions,
  timeWindowPartitions,
  weeklyPartitions,
} from '../../packages/dagma/src/index.ts'
import { validatedConfig } from '../../packages/dagma/src/runtime/step/validated-config.ts'
import { type ConfigCase, configCases, impossibleConfigs } from './configs.ts'

const [seed = '1', count = '100', dagster] = process.argv.slice(2)
const isOldest = dagster === 'oldest'

const maybe = <Value>(value: fc.Arbitrary<Value>, freq = 3): fc.Arbitrary<Value | undefined> => fc.option(value, { nil: undefined, freq })
/** An object that has some of the members, as people write options. */
const record = <Shape extends object>(shape: { [Key in keyof Shape]: fc.Arbitrary<Shape[Key]> }): fc.Arbitrary<Partial<Shape>> =>
  fc.record<Shape>(shape, { requiredKeys: [] }) as fc.Arbitrary<Partial<Shape>>

/** Mostly one of the first values, which pass; now and then one that may not. */
const mostly = <Value>(good: readonly Value[], odd: readonly Value[]): fc.Arbitrary<Value> =>
  fc.oneof({ weight: 200, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: fc.constantFrom(...odd) })

const reserved = ['config', 'context', 'type', 'None', 'class', 'input_arg_dict']
const special = [
  'result',
  'self',
  'io_manager',
  'default',
  'orders',
  '__',
  '_',
  '1',
  'A',
  '__ASSET_JOB',
  '__ASSET_JOB_1',
  '__anonymous_asset_job_x',
]
const word = fc.oneof(
  { weight: 200, arbitrary: fc.stringMatching(isOldest ? /^[a-zA-Z_-]{0,3}[a-z0-9]{1,3}$/ : /^[a-zA-Z_.-]{0,3}[a-z0-9]{1,3}$/) },
  { weight: 30, arbitrary: fc.constantFrom('a-b', ...special) },
  { weight: 2, arbitrary: fc.constantFrom(...reserved) },
  { weight: 1, arbitrary: fc.constantFrom('', ' ', 'ü', 'a b', '.', '..', 'x'.repeat(300)) },
)
const key = fc.oneof({ weight: 3, arbitrary: word }, { weight: 2, arbitrary: fc.array(word, { minLength: 1, maxLength: 3 }) })
const name = fc.oneof(
  { weight: 200, arbitrary: fc.stringMatching(/^[a-zA-Z_]{0,2}[a-z0-9_]{1,4}$/) },
  { weight: 30, arbitrary: fc.constantFrom(...special) },
  { weight: 1, arbitrary: fc.constantFrom(...reserved, 'a-b', '', 'x'.repeat(300)) },
)
const text = fc.constantFrom('', 'some text', '*md*', 'ü\n"\\', '\0', '$', '{{ x }}', 'x'.repeat(5000))
const tagName = mostly(
  ['a', 'team/tier', 'dagster/priority', 'x'.repeat(63), '-', 'gold'],
  ['dagster/kind/x', 'x'.repeat(64), '', 'a b', 'ü', 'a/b/c'],
)

const anyMetadata = [
  ...[1, 1.5, 'text', true, null, [1, 'a'], { a: 1 }, new Date(0), MetadataValue.json([]), MetadataValue.timestamp(new Date(0))],
  ...[MetadataValue.url('https://x.example'), MetadataValue.md('*x*'), MetadataValue.path('/x'), MetadataValue.asset('a/b')],
]
const tableSchema = MetadataValue.tableSchema({ columns: [{ name: 'a', type: 'int' }] })
const metadata = record<{ [name: string]: unknown }>({
  a: fc.constantFrom<unknown>(...anyMetadata, tableSchema),
  '': fc.constantFrom<unknown>(...anyMetadata),
  'dagster/uri': mostly<unknown>(['x', MetadataValue.url('https://x.example')], anyMetadata),
  'dagster/row_count': mostly<unknown>([5], anyMetadata),
  'dagster/column_schema': mostly<unknown>([tableSchema], anyMetadata),
  'dagster/column_lineage': mostly<unknown>([MetadataValue.tableColumnLineage({ depsByColumn: {} })], anyMetadata),
  'dagster/table_name': mostly<unknown>(['x.y'], anyMetadata),
  'dagster/storage_kind': mostly<unknown>(['x'], anyMetadata),
}) as fc.Arbitrary<Metadata>

const cron = mostly(
  ['0 2 * * *', '*/5 * * * *', '@daily', '0 0 * * MON-FRI', '0 0 1-5/2 * 7', '0 0 1 JAN *', '0 0 L * *', '15,45 8-18 * * 1-5'],
  ['0 0 31 2 *', '0 25 * * *', '* * * *', '@reboot', '', '0 0 * * 8', '* * * * * *', '0 0 ? * *', '@every 5m'],
)
const zone = mostly(['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu'], ['utc', 'Mars/Olympus', 'EST', ''])
const condition: fc.Arbitrary<AutomationCondition> = fc.letrec<{ any: AutomationCondition }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(
      AutomationCondition.eager(),
      AutomationCondition.missing(),
      AutomationCondition.onMissing(),
      AutomationCondition.codeVersionChanged(),
    ),
    fc.tuple(cron, zone).map(([line, timezone]) => AutomationCondition.onCron(line, timezone)),
    mostly([undefined, 0, 1, 0.5], [-1, Number.NaN, 1e12, Number.POSITIVE_INFINITY]).map((days) =>
      AutomationCondition.inLatestTimeWindow(days),
    ),
    tie('any').map((one) => one.not()),
    tie('any').map((one) => one.newlyTrue()),
    tie('any').map((one) => AutomationCondition.anyDepsMatch(one)),
    fc.tuple(tie('any'), tie('any')).map(([one, other]) => one.and(other)),
    fc.tuple(tie('any'), tie('any')).map(([one, other]) => one.since(other)),
  ),
})).any

const exclude = isOldest
  ? fc.constant([])
  : fc.array(mostly(['2026-01-05', '0 0 * * 6,0', '0 0 1 * *', '30 3 * * *'], ['2026-01-05-06:00', '2020-01-01', '0 25 * * *', 'x', '']), {
      maxLength: 2,
    })
const windows = {
  end: mostly(['2027-01-01'], ['2025-01-01', '2026-02-30']),
  timezone: zone,
  endOffset: mostly([0, 1, -1], [0.5]),
  exclude,
}
const minuteOffset = mostly([0, 30], [60])
const hourOffset = mostly([0, 6], [24])
const startOf = <Options extends object>(options: Options) => ({ start: '2026-01-01', ...options })
const oneDimension: fc.Arbitrary<() => PartitionsDefinition> = fc.oneof(
  record({ ...windows, minuteOffset }).map((options) => () => hourlyPartitions(startOf(options))),
  record({ ...windows, minuteOffset, hourOffset }).map((options) => () => dailyPartitions(startOf(options))),
  record({ ...windows, minuteOffset, hourOffset, dayOffset: mostly([0, 6], [7]) }).map(
    (options) => () => weeklyPartitions(startOf(options)),
  ),
  record({ ...windows, minuteOffset, hourOffset, dayOffset: mostly([1, 28], [0]) }).map(
    (options) => () => monthlyPartitions(startOf(options)),
  ),
  fc.tuple(cron, mostly(['%Y-%m-%d-%H:%M', '%Y-%m-%d'], ['%Y', '%q', '']), record(windows)).map(
    ([cronSchedule, keyFormat, options]) =>
      () =>
        timeWindowPartitions(startOf({ ...options, cronSchedule, keyFormat })),
  ),
  fc
    .array(mostly(['a', 'b', 'ü', 'a b', '1'], ['', 'a...b', 'a\nb', 'a|b', 'a,b']), { maxLength: 3 })
    .map((keys) => () => staticPartitions(keys)),
  mostly(['customers', 'a b'], ['']).map((named) => () => dynamicPartitions(named)),
)
const partitions: fc.Arbitrary<() => PartitionsDefinition> = fc.oneof(
  { weight: 4, arbitrary: oneDimension },
  {
    weight: 1,
    arbitrary: fc.tuple(oneDimension, oneDimension).map(
      ([one, other]) =>
        () =>
          multiPartitions({ day: one() as never, shop: other() as never }),
    ),
  },
)
const backfill = {
  backfillPolicy: mostly<BackfillPolicy>(
    ['single-run', { maxPartitionsPerRun: 1 }, { maxPartitionsPerRun: 7 }],
    [0, -1, 1.5, Number.NaN, 2 ** 53].map((maxPartitionsPerRun) => ({ maxPartitionsPerRun })),
  ),
  partitionConcurrency: mostly([1, 8, 1000], [0, -1, 1.5, Number.POSITIVE_INFINITY]),
  range: mostly([false], [true]),
}

const owner = mostly(
  ['ann@example.com', 'team:data', 'ann+x@mail.example.com', 'team: x', 'team:é', 'a@b.co'],
  ['team:', 'bob', 'a@b', 'ann@example.museums', '.a@example.com', 'ä@example.com', 'a@example.c|m', ''],
)
const kind = mostly(['qdrant', 's3', 'typescript', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8'], ['a b', 'x'.repeat(64), ''])
const spec = {
  keyPrefix: key,
  group: fc.oneof({ weight: 20, arbitrary: name }, { weight: 1, arbitrary: fc.constantFrom('config', 'a/b', '') }),
  description: text,
  owners: fc.array(owner, { maxLength: 2 }),
  tags: fc.dictionary(tagName, mostly(['', 'v', 'v.1-x'], ['a b', 'x'.repeat(64), 'ü']), { maxKeys: 2 }),
  kinds: fc.array(kind, { maxLength: isOldest ? 2 : 10 }),
  codeVersion: fc.constantFrom('1', '', 'ü'),
  metadata: metadata,
  automation: condition,
}
const stepOptions = {
  retryPolicy: record({
    maxRetries: mostly([0, 1, 3], [-1, 1.5]),
    delaySeconds: mostly([0, 0.5, 10], [-1]),
    backoff: fc.constantFrom('constant' as const, 'linear' as const, 'exponential' as const),
    jitter: fc.constantFrom('none' as const, 'full' as const, 'plus_minus' as const),
  }).map(retryPolicy),
  pool: mostly(isOldest ? ['p'] : ['p', 'a-b', 'ü'], ['a b', '']),
  timeoutSeconds: mostly([1, 0.5], [0]),
}
const run = (): never => {
  throw new Error('Nothing runs here.')
}
const checks = maybe(fc.dictionary(name, record({ description: text, blocking: fc.boolean() }), { maxKeys: 2 }), 4)
const config = maybe(
  fc.oneof({ weight: 100, arbitrary: fc.constantFrom(...configCases) }, { weight: 1, arbitrary: fc.constantFrom(...impossibleConfigs) }),
  2,
)

/** The parameters of a random project. Dependencies are positions among the previous assets. */
const drawn = fc.record({
  assets: fc.array(
    fc.record({
      form: fc.constantFrom('asset' as const, 'asset' as const, 'external' as const, 'observable' as const, 'multi' as const),
      key,
      name,
      spec: record(spec),
      step: record(stepOptions),
      checks,
      config,
      deps: fc.array(fc.nat(), { maxLength: 2 }),
      parts: fc.dictionary(name, record(spec), { maxKeys: 3 }),
      canSubset: fc.boolean(),
      isUnpartitioned: mostly([false], [true]),
      backfill: record(backfill),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  /** Those of all its assets, but for a few. */
  partitions: maybe(partitions, 2),
  checks: fc.array(fc.record({ of: fc.nat(), name, description: maybe(text), blocking: fc.boolean(), step: record(stepOptions), config }), {
    maxLength: 2,
  }),
  jobs: fc.array(
    fc.record({
      name,
      selection: mostly(['*', 'kind:typescript', 'not key:"a*"'], ['orders', 'a']),
      description: maybe(text),
      tags: maybe(fc.dictionary(tagName, text, { maxKeys: 2 })),
    }),
    { maxLength: 3 },
  ),
  schedules: fc.array(
    fc.record({
      name,
      of: fc.nat(),
      cron,
      zone: maybe(zone),
      description: maybe(text),
      status: fc.constantFrom('RUNNING' as const, 'STOPPED' as const),
    }),
    { maxLength: 2 },
  ),
  sensors: fc.array(
    fc.record({ name, of: fc.array(fc.nat(), { minLength: 1, maxLength: 2 }), seconds: maybe(mostly([0, 30], [-1, 0.5])) }),
    { maxLength: 2 },
  ),
})
type Drawn = typeof drawn extends fc.Arbitrary<infer Value> ? Value : never

function declare({ assets, partitions, checks: drawnChecks, jobs, schedules, sensors }: Drawn): Definitions {
  const keys: (readonly string[])[] = []
  const schema = (of: ConfigCase | undefined) => (of === undefined ? {} : { config: of.schema as z.ZodType<unknown> })
  const declared = assets.map((one) => {
    const deps = keys.length === 0 ? [] : one.deps.map((at) => keys[at % keys.length] ?? [])
    const parted = partitions === undefined || one.isUnpartitioned ? {} : ({ partitions: partitions() } as { partitions: never })
    const filled = 'partitions' in parted || one.isUnpartitioned ? (one.backfill as {}) : {}
    const common = { ...one.spec, key: one.key, deps, ...parted }
    if (one.form === 'external') {
      const made = externalAsset(common)
      keys.push(made.key)
      return made
    }
    if (one.form === 'observable') {
      const { deps: _, ...rest } = common
      const made = observableAsset({ ...rest, ...one.step, ...schema(one.config), ...filled, run })
      keys.push(made.key)
      return made
    }
    if (one.form === 'multi') {
      const parts = Object.fromEntries(Object.entries(one.parts).map(([part, options]) => [part, { ...options, deps, ...parted }]))
      const made = multiAsset({
        name: one.name,
        assets: parts,
        canSubset: one.canSubset,
        ...one.step,
        ...schema(one.config),
        ...filled,
        run,
      } as never)
      for (const part of Object.values(made.assets as object)) keys.push(part.key)
      return made
    }
    const made = asset({ ...common, ...one.step, ...schema(one.config), ...(one.checks && { checks: one.checks as {} }), ...filled, run })
    keys.push(made.key)
    return made
  })
  const madeJobs = jobs.map((one) =>
    job({
      name: one.name,
      selection: one.selection,
      ...(one.description && { description: one.description }),
      ...(one.tags && { tags: one.tags }),
    }),
  )
  const jobAt = (at: number): Job | string => madeJobs[at % Math.max(1, madeJobs.length)] ?? 'none'
  return definitions({
    assets: declared as never,
    checks: (keys.length === 0 ? [] : drawnChecks).map((one) =>
      assetCheck({
        asset: keys[one.of % keys.length] ?? [],
        name: one.name,
        blocking: one.blocking,
        ...(one.description && { description: one.description }),
        ...one.step,
        ...schema(one.config),
        run,
      }),
    ),
    jobs: madeJobs,
    schedules: (madeJobs.length === 0 ? [] : schedules).map((one) =>
      schedule({
        name: one.name,
        job: jobAt(one.of),
        cronSchedule: one.cron,
        defaultStatus: one.status,
        ...(one.zone && { executionTimezone: one.zone }),
        ...(one.description && { description: one.description }),
      }),
    ),
    sensors: (madeJobs.length === 0 ? [] : sensors).map((one) =>
      sensor({ name: one.name, job: one.of.map(jobAt), ...(one.seconds !== undefined && { minimumIntervalSeconds: one.seconds }), run }),
    ),
  })
}

/** For each step with config, samples of config and whether the embedded engine takes them. */
async function samples({ steps }: Definitions): Promise<object[]> {
  const found: object[] = []
  for (const step of steps.values()) {
    const values = configCases.find(({ schema }) => schema === step.config)?.values ?? []
    for (const value of values) {
      const accepted = await validatedConfig(step, value).then(
        () => true,
        () => false,
      )
      found.push({ step: step.name, value, accepted })
    }
  }
  return found
}

const digest = `sha256:${'0'.repeat(64)}`
/** The projects have no files. */
const digests: Digests = { manifest: digest, modules: digest, lock_file: null }

for (const one of fc.sample(drawn, { seed: Number(seed), numRuns: Number(count) })) {
  let line: object
  try {
    const made = declare(one)
    line = { manifest: JSON.stringify({ ...buildManifest(made, '/project'), digests }), samples: await samples(made) }
  } catch (error) {
    if (!(error instanceof DagmaError || error instanceof DefinitionErrors)) throw error
    line = { refused: error.message }
  }
  console.log(JSON.stringify(line))
}
