import { DagmaError, dagmaError } from '../../errors.ts'
import type { MetadataType } from '../../metadata/metadata-value.ts'
import { normalize } from '../../metadata/normalize.ts'
import { keyText } from '../assets/asset-key.ts'
import type { Step } from '../assets/step.ts'
import type { ConditionNode } from '../automation/automation-condition.ts'
import type { Sensor } from '../automation/sensor.ts'
import type { AssetNode, Declared } from '../model.ts'
import { placeText } from '../options/place.ts'
import { configProblems } from './check-config.ts'
import { checkCron } from './check-cron.ts'

/** The longest time limit and delay, in seconds: what a timer can wait, 24 days. */
const longestWait = 2_147_483

/** The longest span of days that Python counts. */
const longestLookback = 999_999_999

/** Checks each definition's own options: what no host could do, and what Dagster would refuse. What is wrong goes into `errors`. */
export function checkOptions({ graph, sensors }: Declared, errors: DagmaError[]): void {
  for (const node of graph.assets.values()) checkAsset(node, errors)
  for (const step of graph.steps.values()) checkStep(step, errors)
  for (const sensor of sensors) checkSensor(sensor, errors)
}

/** Says what is wrong with the options of one definition. */
type Complain = (option: string, reason: string) => void

/** `of` is asked for only when something is wrong: to tell a place costs time. */
function complainer(of: () => string, errors: DagmaError[]): Complain {
  return (option, reason) => errors.push(dagmaError('DAGMA_OPTION_INVALID', { option, of: of(), reason }))
}

function checkAsset(node: AssetNode, errors: DagmaError[]): void {
  const name = (): string => `"${keyText(node.key)}"${placeText(node)}`
  const complain = complainer(() => `asset ${name()}`, errors)
  for (const owner of node.owners)
    if (!/^(?:team:.+|\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Z|a-z]{2,7}\b)$/s.test(owner))
      complain('owners', `has "${owner}", which Dagster takes neither for an e-mail address nor for "team:" with a name`)
  for (const [tag, value] of Object.entries(node.tags)) {
    if (!/^(?:[\w.-]{1,63}\/)?[\w.-]{1,63}$/.test(tag) || !/^[\w.-]{0,63}$/.test(value))
      complain('tags', `has "${tag}" with the value "${value}": both take up to 63 letters, digits, "_", "-" and "."`)
  }
  for (const kind of node.kinds)
    if (!/^[\w.-]{1,63}$/.test(kind)) complain('kinds', `has "${kind}": a kind takes up to 63 letters, digits, "_", "-" and "."`)
  if (node.kinds.length > 9) complain('kinds', `has ${node.kinds.length} kinds, while Dagster shows nine beside "typescript"`)
  try {
    for (const [name, { type }] of Object.entries(normalize(node.metadata))) {
      const types = dagsterMetadata[name]
      if (types !== undefined && !types.includes(type))
        complain(
          'metadata',
          `has "${name}" of the type "${type}", ${types.length === 0 ? 'which Dagma sets itself' : `which Dagster reads as ${types.join(' or ')}`}`,
        )
    }
  } catch (error) {
    complain('metadata', `cannot be carried: ${error instanceof DagmaError ? error.problem.replace(/\.$/, '') : String(error)}`)
  }
  if (node.automation !== undefined) checkCondition(`Asset ${name()}`, node.automation.node, errors)
}

/** Metadata that Dagster reads itself, and of which types. */
const dagsterMetadata: { readonly [name: string]: readonly MetadataType[] } = {
  'dagster/column_schema': ['table_schema'],
  'dagster/column_lineage': ['table_column_lineage'],
  'dagster/row_count': ['int'],
  'dagster/partition_row_count': ['int'],
  'dagster/table_name': ['text'],
  'dagster/relation_identifier': ['text'],
  'dagster/storage_kind': ['text'],
  'dagster/uri': ['text', 'url'],
  'dagster/code_references': [],
}

/** The conditions that take a cron expression and a time zone. */
const withCron: readonly string[] = ['on_cron', 'cron_tick_passed', 'all_deps_updated_since_cron']

/** How deep conditions may be nested: both hosts walk them by recursion. */
const deepestCondition = 100

function checkCondition(what: string, { op, args }: ConditionNode, errors: DagmaError[], depth = 1): void {
  if (depth > deepestCondition) {
    errors.push(
      dagmaError('DAGMA_OPTION_INVALID', { option: 'automation', of: what, reason: `is nested more than ${deepestCondition} deep` }),
    )
    return
  }
  if (withCron.includes(op)) checkCron(what, String(args[0]), String(args[1]), errors)
  if (op === 'in_latest_time_window' && args[0] !== undefined && !(Number(args[0]) >= 0 && Number(args[0]) <= longestLookback))
    errors.push(
      dagmaError('DAGMA_OPTION_INVALID', {
        option: 'lookbackDays',
        of: what,
        reason: `must be from 0 to ${longestLookback}, not ${args[0]}`,
      }),
    )
  for (const arg of args) if (typeof arg === 'object') checkCondition(what, arg, errors, depth + 1)
}

function checkStep(step: Step, errors: DagmaError[]): void {
  const complain = complainer(() => `step "${step.name}"${placeText(step)}`, errors)
  const { timeoutSeconds, retryPolicy, pool, partNames, config } = step
  checkBackfill(step, complain)
  if (partNames?.length === 0) complain('assets', 'must name at least one asset')
  if (config !== undefined) for (const problem of configProblems(config)) complain('config', problem)
  if (timeoutSeconds !== undefined && !(timeoutSeconds > 0 && timeoutSeconds <= longestWait))
    complain('timeoutSeconds', `must be more than 0 and at most ${longestWait} (24 days), not ${timeoutSeconds}`)
  if (pool !== undefined && !/^\S+$/.test(pool)) complain('pool', `must be a name without spaces, not "${pool}"`)
  if (retryPolicy === undefined) return
  const { maxRetries, delaySeconds } = retryPolicy
  if (!Number.isInteger(maxRetries) || maxRetries < 0) complain('maxRetries', `must be an integer from 0, not ${maxRetries}`)
  if (!(delaySeconds >= 0 && delaySeconds <= longestWait))
    complain('delaySeconds', `must be from 0 to ${longestWait} (24 days), not ${delaySeconds}`)
}

function checkBackfill({ assets, backfillPolicy, partitionConcurrency, range }: Step, complain: Complain): void {
  const given = { backfillPolicy, partitionConcurrency, range: range || undefined }
  for (const [option, value] of Object.entries(given))
    if (value !== undefined && assets[0]?.partitions === undefined) complain(option, 'is for assets with partitions, and this one has none')
  const most = typeof backfillPolicy === 'object' ? backfillPolicy.maxPartitionsPerRun : 1
  if (!Number.isSafeInteger(most) || most < 1) complain('maxPartitionsPerRun', `must be an integer from 1, not ${most}`)
  if (partitionConcurrency !== undefined && (!Number.isSafeInteger(partitionConcurrency) || partitionConcurrency < 1))
    complain('partitionConcurrency', `must be an integer from 1, not ${partitionConcurrency}`)
  if (range && partitionConcurrency !== undefined)
    complain('partitionConcurrency', 'has no use with range: true, which calls the function once')
}

function checkSensor(sensor: Sensor, errors: DagmaError[]): void {
  const seconds = sensor.minimumIntervalSeconds
  if (Number.isInteger(seconds) && seconds >= 0) return
  complainer(() => `sensor "${sensor.name}"${placeText(sensor)}`, errors)(
    'minimumIntervalSeconds',
    `must be an integer from 0, not ${seconds}`,
  )
}
