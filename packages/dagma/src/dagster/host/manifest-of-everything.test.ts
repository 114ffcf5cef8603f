/** Every kind of definition in the manifest: it fits the schema, and the golden manifest, which the Python package reads, is what TypeScript writes. */
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { asset } from '../../definitions/assets/asset.ts'
import { assetCheck } from '../../definitions/assets/asset-check.ts'
import { mapped } from '../../definitions/assets/asset-spec.ts'
import { externalAsset } from '../../definitions/assets/external-asset.ts'
import { multiAsset } from '../../definitions/assets/multi-asset.ts'
import { observableAsset } from '../../definitions/assets/observable-asset.ts'
import { retryPolicy } from '../../definitions/assets/retry-policy.ts'
import { AutomationCondition } from '../../definitions/automation/automation-condition.ts'
import { job } from '../../definitions/automation/job.ts'
import { schedule } from '../../definitions/automation/schedule.ts'
import { sensor } from '../../definitions/automation/sensor.ts'
import { definitions } from '../../definitions/definitions.ts'
import type { Definitions } from '../../definitions/model.ts'
import { PartitionMapping } from '../../definitions/partitions/partition-mapping.ts'
import {
  dailyPartitions,
  dynamicPartitions,
  hourlyPartitions,
  monthlyPartitions,
  multiPartitions,
  staticPartitions,
  timeWindowPartitions,
  weeklyPartitions,
} from '../../definitions/partitions/partitions.ts'
import { MetadataValue } from '../../metadata/metadata-value.ts'
import type { Digests } from './digests.ts'
import { buildManifest, type Manifest } from './manifest.ts'

const protocol = new URL('../../../../../protocol/', import.meta.url)
const schema = JSON.parse(readFileSync(new URL('manifest.schema.json', protocol), 'utf8'))
const { digests, ...golden }: Manifest & { digests: Digests } = JSON.parse(readFileSync(new URL('golden/manifest.json', protocol), 'utf8'))
const validate = new Ajv2020({ allowUnionTypes: true }).compile(schema)
const run = () => 1

/** Its manifest as a reader gets it. */
function manifest(of: Definitions): Manifest {
  const read = JSON.parse(JSON.stringify(buildManifest(of, '/')))
  validate({ ...read, digests })
  expect(validate.errors).toBeNull()
  return read
}

/** Config whose library gives this JSON Schema. */
const described = (input: { [keyword: string]: unknown }) => ({
  '~standard': {
    version: 1 as const,
    vendor: 'test',
    validate: (value: unknown) => ({ value }),
    jsonSchema: { input: () => input, output: () => input },
  },
})

test('the golden manifest is what these definitions give', () => {
  const days = dailyPartitions({ start: '2026-01-01', timezone: 'Europe/Berlin' })
  const raw = asset({
    key: 'raw_numbers',
    group: 'data',
    description: 'Numbers to start from.',
    owners: ['team:data'],
    tags: { domain: 'demo' },
    codeVersion: '2',
    checks: { not_empty: { description: 'There are numbers.', blocking: true } },
    retryPolicy: retryPolicy({ maxRetries: 3, delaySeconds: 1.5, backoff: 'exponential', jitter: 'full' }),
    pool: 'database',
    opTags: { 'dagster-celery/queue': 'small', 'dagster-k8s/config': { container_config: { resources: { limits: { memory: '1Gi' } } } } },
    timeoutSeconds: 30,
    run: () => [1],
  })
  const sum = asset({
    key: 'warehouse/sum_numbers',
    group: 'data',
    inputs: { raw },
    kinds: ['duckdb'],
    metadata: { 'dagster/uri': MetadataValue.url('https://example.com/sum') },
    automation: AutomationCondition.eager().and(AutomationCondition.cronTickPassed('0 2 * * *').not()),
    config: described({ type: 'object', properties: { factor: { type: 'number', default: 1 } } }),
    run,
  })
  const events = externalAsset({
    key: 'events',
    group: 'outside',
    kinds: ['typescript'],
    partitions: hourlyPartitions({ start: '2026-01-01' }),
  })
  const shop = multiAsset({
    name: 'shop',
    canSubset: true,
    backfillPolicy: { maxPartitionsPerRun: 7 },
    assets: {
      orders: { group: 'shop', partitions: days },
      customers: { group: 'shop', partitions: days, deps: [mapped(events, PartitionMapping.timeWindow({ startOffset: -1 }))] },
    },
    run: () => ({ orders: 1, customers: 2 }),
  })
  const numbers = job({
    name: 'numbers_job',
    selection: [raw, sum],
    tags: { team: 'data' },
    config: { 'warehouse/sum_numbers': { factor: 2 } },
    executor: 'in_process',
    budget: { maxCost: 5 },
    opTags: { 'dagster-celery/queue': 'large', 'dagster/priority': 3 },
    onSuccess: () => {},
    onFailure: () => {},
  })
  const made = manifest(
    definitions({
      assets: [raw, sum, shop, observableAsset({ key: 'feed', group: 'outside', run: () => ({ dataVersion: '1' }) }), events],
      checks: [assetCheck({ asset: shop.assets.orders, name: 'fresh', run: () => ({ passed: true }) })],
      jobs: [numbers, job({ name: 'shop_job', description: 'The shop of a day.', selection: Object.values(shop.assets) })],
      schedules: [schedule({ name: 'numbers_daily', job: numbers, cronSchedule: '0 2 * * *' })],
      executor: { name: 'multiprocess', config: { max_concurrent: 2 } },
      sensors: [sensor({ name: 'new_files', job: numbers, run: () => undefined })],
    }),
  )
  expect(comparable(made)).toEqual(comparable(golden))
})

/** Without what differs on purpose: places of declarations, and defaults of config, which only the golden manifest has for its readers. */
function comparable(manifest: Manifest): unknown {
  const text = JSON.stringify({ ...manifest, steps: manifest.steps.toSorted((a, b) => a.name.localeCompare(b.name)) })
  return JSON.parse(text, (key, value) => (key === 'source' ? null : key === 'default' || key === 'x-default' ? undefined : value))
}

test('every kind of partitions and mapping fits the schema, and the schema has no other mapping', () => {
  const days = dailyPartitions({ start: '2026-01-01', end: '2026-02-01' })
  const regions = staticPartitions(['x', 'y'])
  const exclude = ['2026-01-02-17', '0 9 * * 1']
  const kinds = {
    hourly: hourlyPartitions({ start: '2026-01-01-06:00' }),
    daily: days,
    weekly: weeklyPartitions({ start: '2026-01-04', timezone: 'Europe/Berlin' }),
    monthly: monthlyPartitions({ start: '2026-01-01' }),
    time_window: timeWindowPartitions({
      cronSchedule: '0 9,17 * * 1-5',
      keyFormat: '%Y-%m-%d-%H',
      start: '2026-01-01',
      timezone: 'Europe/Berlin',
      exclude,
    }),
    static: regions,
    dynamic: dynamicPartitions('names'),
    multi: multiPartitions({ day: days, region: regions }),
  }
  const partitioned = Object.entries(kinds).map(([key, partitions]) => externalAsset({ key, partitions }))
  const byDimension = PartitionMapping.multi({ day: { dimension: 'day', mapping: PartitionMapping.timeWindow({ startOffset: -1 }) } })
  const mappings = [
    ['static', regions, PartitionMapping.identity()],
    ['daily', undefined, PartitionMapping.last()],
    ['daily', undefined, PartitionMapping.all()],
    ['static', undefined, PartitionMapping.specific(['x'])],
    ['static', staticPartitions(['a', 'b']), PartitionMapping.static({ x: 'a', y: ['a', 'b'] })],
    ['daily', days, PartitionMapping.timeWindow({ startOffset: -2, endOffset: -1 })],
    ['multi', regions, PartitionMapping.multiToSingle('region')],
    ['multi', kinds.multi, byDimension],
  ] as const
  const consumers = mappings.map(([upstream, partitions, mapping]) =>
    asset({ key: `by_${mapping.kind}`, deps: [mapped({ key: [upstream] }, mapping)], ...(partitions && { partitions }), run }),
  )
  const { steps, external_assets } = manifest(definitions({ assets: [...partitioned, ...consumers] }))
  const forms = external_assets.map(({ partitions }) => partitions as object)
  expect(forms.filter((form) => !('exclusions' in form) && !('dimensions' in form))).toEqual([kinds.static, kinds.dynamic].map(onTheWire))
  expect(forms.find((form) => 'key_format' in form)).toEqual({
    kind: 'time_window',
    start: '2026-01-01',
    end: null,
    timezone: 'Europe/Berlin',
    cron_schedule: '0 9,17 * * 1-5',
    key_format: '%Y-%m-%d-%H',
    end_offset: 0,
    exclusions: [Date.parse('2026-01-02T16:00:00Z') / 1000, '0 9 * * 1'],
  })
  const { start, end, timezone, ...offsets } = { ...kinds.weekly }
  expect(forms.find((form) => 'kind' in form && form.kind === 'weekly')).toEqual({
    kind: 'weekly',
    start,
    end,
    timezone,
    exclusions: [],
    minute_offset: offsets.minuteOffset,
    hour_offset: offsets.hourOffset,
    day_offset: offsets.dayOffset,
    end_offset: offsets.endOffset,
  })
  expect(steps.map((step) => step.assets[0]?.deps[0]?.mapping)).toEqual(mappings.map(([, , mapping]) => onTheWire(mapping)))
  expect(mappings.map(([, , { kind }]) => kind).sort()).toEqual(mappingKinds())
})

/** The same with the names of its fields in snake_case; of a mapping by static keys and of dimensions, the keys are the user's own. */
function onTheWire(value: object): unknown {
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return JSON.parse(JSON.stringify(value), (_, item) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).flatMap(([name, member]) => (name === 'many' ? [] : [[snake(name), member]])))
      : item,
  )
}

function mappingKinds(): string[] {
  const forms: { properties: { kind: { const?: string; enum?: string[] } } }[] = schema.$defs.mapping.oneOf
  return forms.flatMap(({ properties: { kind } }) => kind.enum ?? [kind.const ?? '']).sort()
}

test('every automation condition fits the schema, and the schema has no other', () => {
  const eager = AutomationCondition.eager()
  const cron = '0 2 * * *'
  const conditions: Record<string, AutomationCondition> = {
    eager,
    on_cron: AutomationCondition.onCron(cron, 'Europe/Berlin'),
    on_missing: AutomationCondition.onMissing(),
    missing: AutomationCondition.missing(),
    in_progress: AutomationCondition.inProgress(),
    execution_failed: AutomationCondition.executionFailed(),
    newly_updated: AutomationCondition.newlyUpdated(),
    newly_requested: AutomationCondition.newlyRequested(),
    code_version_changed: AutomationCondition.codeVersionChanged(),
    cron_tick_passed: AutomationCondition.cronTickPassed(cron),
    in_latest_time_window: AutomationCondition.inLatestTimeWindow(2),
    will_be_requested: AutomationCondition.willBeRequested(),
    initial_evaluation: AutomationCondition.initialEvaluation(),
    any_deps_match: AutomationCondition.anyDepsMatch(eager),
    all_deps_match: AutomationCondition.allDepsMatch(eager),
    any_deps_missing: AutomationCondition.anyDepsMissing(),
    any_deps_in_progress: AutomationCondition.anyDepsInProgress(),
    any_deps_updated: AutomationCondition.anyDepsUpdated(),
    all_deps_updated_since_cron: AutomationCondition.allDepsUpdatedSinceCron(cron),
    and: eager.and(eager),
    or: eager.or(eager),
    not: eager.not(),
    since: eager.since(eager),
    newly_true: eager.newlyTrue(),
  }
  expect(Object.keys(conditions).sort()).toEqual([...schema.$defs.condition.properties.op.enum].sort())
  const assets = Object.entries(conditions).map(([op, automation]) => asset({ key: `when_${op}`, automation, run }))
  for (const { name, assets: made } of manifest(definitions({ assets })).steps) expect(`when_${made[0]?.automation?.op}`).toBe(name)
})
