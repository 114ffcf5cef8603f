import { dagmaError } from '../../errors.ts'
import { isBudget } from '../assets/budget.ts'
import { nearestName } from './nearest-name.ts'

type Test = (value: unknown) => boolean

const isText: Test = (value) => typeof value === 'string'
const isObject = (value: unknown): value is { readonly [member: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
/** Whether a prototype is that of plain objects, of this realm or another. */
const hasNoClass = (prototype: unknown): boolean => prototype === null || Object.getPrototypeOf(prototype) === null
/** An object of members, as opposed to an instance of a class such as Map or Date, whose members would be lost. */
const isRecord = (value: unknown): value is { readonly [member: string]: unknown } =>
  isObject(value) && hasNoClass(Object.getPrototypeOf(value))
const listOf =
  (fits: Test): Test =>
  (value) =>
    Array.isArray(value) && Array.from(value).every(fits)
const membersOf =
  (fits: Test): Test =>
  (value) =>
    isRecord(value) && Object.values(value).every(fits)
const oneOf =
  (...texts: readonly string[]): Test =>
  (value) =>
    texts.includes(value as string)

const isKey: Test = (value) => isText(value) || listOf(isText)(value)
const isAsset: Test = (value) => isObject(value) && listOf(isText)(value.key)
const isJob: Test = (value) => isText(value) || (isObject(value) && isText(value.name))

/** The types of options, as far as they can be checked at once; `any` is checked elsewhere. */
const kinds = {
  text: ['text', isText],
  number: ['a number', (value) => typeof value === 'number'],
  boolean: ['true or false', (value) => typeof value === 'boolean'],
  function: ['a function', (value) => typeof value === 'function'],
  texts: ['a list of texts', listOf(isText)],
  object: ['an object', isObject],
  record: ['a plain object', isRecord],
  tags: ['an object of texts', membersOf(isText)],
  key: ['text or a list of texts', isKey],
  assets: ['an object of assets', membersOf(isAsset)],
  assetOrKey: ['an asset or its key', (value) => isKey(value) || isAsset(value)],
  assetsOrKeys: ['a list of assets or their keys', listOf((value) => isKey(value) || isAsset(value))],
  selection: ['a selection as text, or a list of assets', (value) => isText(value) || listOf(isAsset)(value)],
  job: ['a job or its name', isJob],
  jobs: [
    'a job or its name, or a list of them with at least one',
    (value) => isJob(value) || (listOf(isJob)(value) && (value as unknown[]).length > 0),
  ],
  automation: ['an AutomationCondition', (value) => isObject(value) && isObject(value.node) && isText(value.node.op)],
  partitions: ['made by dailyPartitions(), staticPartitions() or the like', (value) => isObject(value) && isText(value.kind)],
  retryPolicy: ['made by retryPolicy()', (value) => isObject(value) && 'maxRetries' in value && 'delaySeconds' in value],
  backfillPolicy: [
    '"single-run" or { maxPartitionsPerRun: n }',
    (value) => value === 'single-run' || (isRecord(value) && Object.keys(value).join() === 'maxPartitionsPerRun'),
  ],
  keyRange: ['an object with start and end', (value) => isRecord(value) && isText(value.start) && isText(value.end)],
  status: ['RUNNING or STOPPED', oneOf('RUNNING', 'STOPPED')],
  backoff: ['constant, linear or exponential', oneOf('constant', 'linear', 'exponential')],
  jitter: ['none, full or plus_minus', oneOf('none', 'full', 'plus_minus')],
  ioManager: ['the key of an IO manager, or made by typedIOManager()', (value) => isText(value) || isObject(value)],
  executor: ['the name of an executor, or an object with its name', (value) => isText(value) || (isRecord(value) && isText(value.name))],
  budget: ['an object with maxCost, maxTokens or both above 0, and per: "run", "day" or "month"', isBudget],
  any: ['given', () => true],
} as const satisfies { readonly [kind: string]: readonly [what: string, fits: Test] }

type Kind = keyof typeof kinds

/** The options of a declaration, each with what it takes; with "!" it must be given. */
export type OptionTable<Option extends PropertyKey = string> = { readonly [Name in Option]-?: Kind | `${Kind}!` }

/**
 * Checks the options that a declaration was called with, for those whose editor has no type checker: a misspelled option would be dropped.
 * @param of the declaration, such as `asset()`
 * @throws DAGMA_OPTION_UNKNOWN for an option that the table lacks; DAGMA_OPTION_INVALID for one of another kind, or one that is missing
 */
export function expectOptions(of: string, options: object, table: OptionTable): void {
  if (!isObject(options)) return wrong(of, 'options', 'must be an object')
  for (const [option, value] of Object.entries(options)) {
    const entry = Object.hasOwn(table, option) ? table[option] : undefined
    if (entry === undefined)
      throw dagmaError('DAGMA_OPTION_UNKNOWN', { of, option, nearest: nearestName(option, Object.keys(table)), known: Object.keys(table) })
    const [what, fits] = kinds[entry.replace('!', '') as Kind]
    if (value !== undefined && !fits(value)) wrong(of, option, `must be ${what}${holdsUndefined(value)}`)
  }
  for (const option in table) if (options[option] === undefined && table[option]?.endsWith('!')) wrong(of, option, 'is missing')
}

function wrong(of: string, option: string, reason: string): never {
  throw dagmaError('DAGMA_OPTION_INVALID', { option, of, reason })
}

function holdsUndefined(value: unknown): string {
  const members = typeof value === 'object' && value !== null ? Object.values(value) : []
  return members.includes(undefined) ? '; it holds undefined, as when modules import each other in a cycle' : ''
}
