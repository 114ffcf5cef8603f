import { Cron } from 'croner'
import { type DagmaError, DefinitionErrors, dagmaError } from '../errors.ts'
import type { Asset, Requirements } from './asset.ts'
import { upstreamKeys } from './asset.ts'
import { keyText, stepName } from './asset-key.ts'
import type { IOManager } from './io-manager.ts'
import type { Job } from './job.ts'
import { nearestName } from './nearest-name.ts'
import type { ClientOf, Resource } from './resource.ts'
import type { Schedule } from './schedule.ts'
import { selectAssets } from './selection.ts'

/** All that a project declares, checked. Made by {@link definitions}; hosts run it. Dagster's `Definitions`. */
export interface Definitions {
  /** By key text, in an order in which upstream assets come first. */
  readonly assets: ReadonlyMap<string, Asset>
  readonly jobs: ReadonlyMap<string, Job & { readonly assetKeys: readonly string[] }>
  readonly schedules: ReadonlyMap<string, Schedule>
  readonly resources: ReadonlyMap<string, Resource<unknown>>
  /** Undefined: JSON files under `.dagma/` in the project. */
  readonly ioManager: IOManager | undefined
  readonly [brand]: true
}

const brand: unique symbol = Symbol.for('dagma.definitions') as never

/** The resources that assets need: a missing key, or a client of another type, does not compile. */
export type ResourcesFor<A extends Asset> = {
  readonly [Key in KeysOf<RequirementsOf<A>>]: Resource<ClientFor<RequirementsOf<A>, Key>>
}
type RequirementsOf<A> = A extends Asset<unknown, infer Req> ? Req : never
type KeysOf<Req> = Req extends unknown ? keyof Req : never
type ClientFor<Req, Key> = Req extends { readonly [K in Key & PropertyKey]: infer Type } ? ClientOf<Type> : never

/** What {@link definitions} takes. */
export type DefinitionsOptions<Assets extends readonly Asset[]> = {
  readonly assets: Assets
  readonly jobs?: readonly Job[]
  readonly schedules?: readonly Schedule[]
  /** Where values are kept. Default: JSON files under `.dagma/` in the project. */
  readonly ioManager?: IOManager
} & ({} extends ResourcesFor<Assets[number]>
  ? { readonly resources?: { readonly [key: string]: Resource<unknown> } }
  : { readonly resources: ResourcesFor<Assets[number]> & { readonly [key: string]: Resource<unknown> } })

/**
 * Collects a project's definitions and checks them, all at once. A definitions module exports the result as its default.
 * @throws DefinitionErrors with everything that is wrong: duplicate keys, unknown inputs, cycles, unbound resources, selections, cron lines.
 */
export function definitions<const Assets extends readonly Asset<unknown, Requirements>[]>(
  options: DefinitionsOptions<Assets>,
): Definitions {
  const errors: DagmaError[] = []
  const attempt = <Result>(action: () => Result): Result | undefined => {
    try {
      return action()
    } catch (error) {
      errors.push(error as DagmaError)
      return undefined
    }
  }
  const resources = new Map<string, Resource<unknown>>(Object.entries(options.resources ?? {}))
  const assets = inOrder(
    unique('asset', options.assets, (asset) => keyText(asset.key), errors),
    errors,
  )
  for (const asset of assets.values()) checkNeeds(asset, assets, resources, errors)
  checkStepNames(assets, errors)
  const jobs = new Map<string, Job & { assetKeys: readonly string[] }>()
  for (const [name, job] of unique('job', options.jobs ?? [], (job) => job.name, errors)) {
    const assetKeys = attempt(() => selectAssets(job.selection, assets))
    if (assetKeys?.length === 0) errors.push(dagmaError('DAGMA_SELECTION_EMPTY', { what: `Job "${name}"`, selection: job.selection }))
    jobs.set(name, { ...job, assetKeys: assetKeys ?? [] })
  }
  const schedules = unique('schedule', options.schedules ?? [], (schedule) => schedule.name, errors)
  for (const schedule of schedules.values()) checkSchedule(schedule, jobs, errors)
  if (errors.length > 0) throw new DefinitionErrors(errors)
  return { assets, jobs, schedules, resources, ioManager: options.ioManager, [brand]: true }
}

/** Whether a value was made by {@link definitions}, by this copy of Dagma or another. */
export function isDefinitions(value: unknown): value is Definitions {
  return typeof value === 'object' && value !== null && brand in value
}

function unique<Item>(what: string, items: readonly Item[], nameOf: (item: Item) => string, errors: DagmaError[]): Map<string, Item> {
  const found = new Map<string, Item>()
  for (const item of items) {
    const name = nameOf(item)
    const first = found.get(name)
    if (first !== undefined && first !== item)
      errors.push(
        dagmaError('DAGMA_KEY_DUPLICATE', { what, key: name, places: [placeText(first), placeText(item)].filter((place) => place !== '') }),
      )
    if (first === undefined) found.set(name, item)
  }
  return found
}

function placeText(item: unknown): string {
  const source = (item as Partial<Asset>).source?.()
  return source === undefined ? '' : `${source.file}:${source.line}`
}

/** The assets with upstream ones first, otherwise as declared. A cycle is reported once. */
function inOrder(assets: ReadonlyMap<string, Asset>, errors: DagmaError[]): Map<string, Asset> {
  const ordered = new Map<string, Asset>()
  const onPath = new Set<string>()
  const visit = (key: string): void => {
    const asset = assets.get(key)
    if (asset === undefined || ordered.has(key)) return
    if (onPath.has(key)) {
      const path = [...onPath]
      errors.push(dagmaError('DAGMA_CYCLE', { path: [...path.slice(path.indexOf(key)), key] }))
      return
    }
    onPath.add(key)
    for (const upstream of upstreamKeys(asset)) visit(keyText(upstream))
    onPath.delete(key)
    ordered.set(key, asset)
  }
  for (const key of assets.keys()) visit(key)
  return ordered
}

function checkNeeds(asset: Asset, assets: ReadonlyMap<string, Asset>, resources: ReadonlyMap<string, unknown>, errors: DagmaError[]): void {
  const name = keyText(asset.key)
  const source = placeText(asset)
  const place = source === '' ? '' : ` (${source})`
  for (const upstream of upstreamKeys(asset).map(keyText)) {
    if (!assets.has(upstream))
      errors.push(
        dagmaError('DAGMA_DEP_UNKNOWN', { asset: name, dep: upstream, place, nearest: nearestName(upstream, [...assets.keys()]) }),
      )
  }
  for (const key of Object.keys(asset.resources)) {
    if (!resources.has(key))
      errors.push(dagmaError('DAGMA_RESOURCE_UNBOUND', { asset: name, place, resource: key, bound: [...resources.keys()] }))
  }
}

/** Different keys can give one step name, by which Dagster and the worker tell steps apart. */
function checkStepNames(assets: ReadonlyMap<string, Asset>, errors: DagmaError[]): void {
  const known = new Map<string, string>()
  for (const [key, asset] of assets) {
    const step = stepName(asset.key)
    const other = known.get(step)
    if (other !== undefined) errors.push(dagmaError('DAGMA_STEP_NAME_DUPLICATE', { assets: [other, key], step }))
    known.set(step, key)
  }
}

function checkSchedule(schedule: Schedule, jobs: ReadonlyMap<string, Job>, errors: DagmaError[]): void {
  const { name, cronSchedule: cron, executionTimezone: timezone } = schedule
  if (!jobs.has(schedule.job))
    errors.push(dagmaError('DAGMA_JOB_UNKNOWN', { job: schedule.job, known: [...jobs.keys()], wantedBy: `Schedule "${name}"` }))
  const reason = whyNoCron(cron)
  if (reason !== undefined) errors.push(dagmaError('DAGMA_CRON_INVALID', { schedule: name, cron, reason }))
  if (!isTimezone(timezone)) errors.push(dagmaError('DAGMA_TIMEZONE_UNKNOWN', { schedule: name, timezone }))
}

/** Why Dagster would not take a cron line; croner alone knows more than Dagster: dates, and "W", "+" and "5L" in fields. */
function whyNoCron(cron: string): string | undefined {
  if (!/^\s*(?:@[a-z]+|\S+(?:\s+\S+){4})\s*$/.test(cron)) return 'it has no five fields'
  const foreign = /\d+[LW]|LW|\+/i.exec(cron)
  if (foreign !== null) return `Dagster does not know "${foreign[0]}"`
  try {
    return new Cron(cron, { mode: '5-part', paused: true }).nextRun() === null ? 'it names no moment that ever comes' : undefined
  } catch (error) {
    return String((error as Error).message).replace(/\.$/, '')
  }
}

/** Whether Python knows the zone too: it wants the letters' case as it is, and no offsets such as "+01:00". */
function isTimezone(name: string): boolean {
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions()
    return /^[A-Z]/.test(name) && (timeZone === name || timeZone.toLowerCase() !== name.toLowerCase())
  } catch {
    return false
  }
}
