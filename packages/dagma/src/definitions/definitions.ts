import { expectOneCopy } from '../copies.ts'
import { type DagmaError, DefinitionErrors, dagmaError } from '../errors.ts'
import type { Requiring } from './assets/asset.ts'
import type { AssetCheck } from './assets/asset-check.ts'
import { type AssetKey, keyText } from './assets/asset-key.ts'
import type { Budget } from './assets/budget.ts'
import type { IOManager } from './assets/io-manager.ts'
import type { Job, RunConfig } from './automation/job.ts'
import type { Schedule } from './automation/schedule.ts'
import type { Sensor } from './automation/sensor.ts'
import type { Executor } from './executor.ts'
import type { Instrument } from './instrument.ts'
import { type AnyAsset, brand, type Definitions } from './model.ts'
import { expectOptions, type OptionTable } from './options/expect-options.ts'
import type { ClientOf, Resource } from './resource.ts'
import { checkDefinitions } from './validation/check-definitions.ts'
import { collectGraph } from './validation/collect-graph.ts'
import { belongsInto, collectModules, type DeclaredLists } from './validation/collect-modules.ts'

/** The resources that definitions need, by key: a client of another type does not compile. */
export type ResourcesFor<R extends Requiring> = {
  readonly [Key in KeysOf<RequirementsOf<R>>]: Resource<ClientFor<RequirementsOf<R>, Key>>
}
type RequirementsOf<R> = R extends Requiring<infer Req> ? Req : never
/** Of requirements that are not known exactly, none. */
type KeysOf<Req> = Req extends unknown ? (string extends keyof Req ? never : keyof Req) : never
type ClientFor<Req, Key> = Req extends { readonly [K in Key & PropertyKey]: infer Type } ? ClientOf<Type> : never

/** Definitions that can require resources. */
type Parts = readonly (AnyAsset | AssetCheck | Job | Schedule | Sensor)[]

/** The lists that {@link definitions} takes, by their types. */
interface Lists {
  readonly assets: Parts
  readonly checks: Parts
  readonly jobs: Parts
  readonly schedules: Parts
  readonly sensors: Parts
  readonly modules: Modules
}
/** Modules as `import * as name` gives them. */
type Modules = readonly object[]
/** Exports of modules, alone or in lists, that definitions() accepts in one of its lists. */
type ExportsOf<Of extends Modules> = Extract<Items<Values<Of[number]>>, Parts[number]>
type Values<Module> = Module extends unknown ? Module[keyof Module] : never
type Items<Value> = Value extends readonly (infer Item)[] ? Item : Value
type Needing<Of extends Lists> = Extract<Of[Exclude<keyof Lists, 'modules'>][number] | ExportsOf<Of['modules']>, Requiring>

/** Options of {@link definitions}. `Bound` is the type of its resources. */
export interface DefinitionsOptions<
  Assets extends Parts,
  Checks extends Parts,
  Jobs extends Parts,
  Schedules extends Parts,
  Sensors extends Parts,
  Bound extends Bindings = Bindings,
  From extends Modules = Modules,
> {
  readonly assets?: Assets & readonly AnyAsset[]
  readonly checks?: Checks & readonly AssetCheck[]
  readonly jobs?: Jobs & readonly Job[]
  readonly schedules?: Schedules & readonly Schedule[]
  readonly sensors?: Sensors & readonly Sensor[]
  /**
   * Modules whose exports join the lists above: `[tickets]` after `import * as tickets from './tickets.ts'`. Assets, checks, jobs, schedules and
   * sensors are collected, also from exported lists; what else a module exports is passed over. Dagster's `load_definitions_from_modules`.
   */
  readonly modules?: From
  /** The resources that the definitions use, by the keys under which they are used. */
  readonly resources?: Bound &
    Partial<ResourcesFor<Extract<(Assets | Checks | Jobs | Schedules | Sensors)[number] | ExportsOf<From>, Requiring>>>
  /** Where values are kept, by the key that assets name. `default` takes the place of JSON files under `.dagma/` in the project. */
  readonly ioManagers?: { readonly [key: string]: IOManager }
  /** Follows runs, for traces and metrics, such as `openTelemetry()` of `@dagma/opentelemetry`. Default: none. */
  readonly instrument?: Instrument
  /**
   * The executor of a run's steps in Dagster, for jobs without one and for assets that are materialized without a job; default `dagma`: concurrently,
   * in one process with one Node worker. In a deployment, `DAGMA_EXECUTOR` takes the place of all of them.
   */
  readonly executor?: Executor
  /** A limit for the cost or the tokens of the models that all runs call; default: none. See {@link Budget}. */
  readonly budget?: Budget
}
type Bindings = { readonly [key: string]: Resource<unknown> }

/** Options that lack a resource: they do not compile, and the compiler says so at whatever uses it. */
type WithAllBound<Of extends Lists, Bound> = [Exclude<KeysOf<RequirementsOf<Needing<Of>>>, keyof Bound>] extends [never]
  ? unknown
  : { readonly [List in keyof Of]: List extends 'modules' ? BoundModules<Of[List], Bound> : BoundItems<Of[List], Bound> }
type BoundModules<Of, Bound> = { readonly [Index in keyof Of]: BoundItems<Of[Index], Bound> }
type BoundItems<Items, Bound> = { readonly [Index in keyof Items]: BoundItem<Items[Index], Bound> }
type BoundItem<Item, Bound> = [Exclude<KeysOf<RequirementsOf<Item>>, keyof Bound>] extends [never]
  ? Item
  : `The resource "${Exclude<KeysOf<RequirementsOf<Item>>, keyof Bound> & string}" is not bound: add it to the resources of definitions().`

/** `definitions()` checks the contents of its lists itself. */
export const definitionsOptions: OptionTable<keyof DefinitionsOptions<[], [], [], [], []>> = {
  modules: 'any',
  assets: 'any',
  checks: 'any',
  jobs: 'any',
  schedules: 'any',
  sensors: 'any',
  resources: 'record',
  ioManagers: 'record',
  instrument: 'object',
  executor: 'executor',
  budget: 'budget',
}

/**
 * Collects a project's definitions and checks them, and reports every problem. A definitions module exports the result as its default.
 * @throws DefinitionErrors with everything that is wrong: duplicate keys, unknown inputs, cycles, partitions that do not fit, unbound
 * resources, selections, cron expressions.
 * @example
 * ```ts
 * const orders = asset({ key: 'orders', run: () => [20, 35] })
 * export default definitions({ assets: [orders], jobs: [job({ name: 'nightly', selection: [orders] })] })
 * ```
 */
export function definitions<
  const Assets extends readonly AnyAsset[] = [],
  const Checks extends readonly AssetCheck[] = [],
  const Jobs extends readonly Job[] = [],
  const Schedules extends readonly Schedule[] = [],
  const Sensors extends readonly Sensor[] = [],
  Bound extends Bindings = {},
  const From extends Modules = [],
>(
  options: DefinitionsOptions<Assets, Checks, Jobs, Schedules, Sensors, Bound, From> &
    WithAllBound<{ assets: Assets; checks: Checks; jobs: Jobs; schedules: Schedules; sensors: Sensors; modules: From }, Bound>,
): Definitions {
  expectOneCopy()
  const { assets, checks, jobs, schedules, sensors } = declaredLists(options)
  const errors: DagmaError[] = []
  const graph = collectGraph(assets, checks, errors)
  const resources = new Map(Object.entries<Resource<unknown>>(options.resources ?? {}))
  const ioManagers = new Map(Object.entries(options.ioManagers ?? {}))
  const { executor, budget } = options
  const automation = checkDefinitions({ graph, resources, ioManagers, executor, budget, jobs, schedules, sensors }, errors)
  if (errors.length > 0) throw new DefinitionErrors(errors)
  return { ...graph, ...automation, resources, ioManagers, instrument: options.instrument, executor, budget, [brand]: true }
}

/** The options' lists and what the modules export. JavaScript is not type-checked, and neither are import cycles: each list is looked through. */
function declaredLists(options: DefinitionsOptions<Parts, Parts, Parts, Parts, Parts>): DeclaredLists {
  expectOptions('definitions()', options, definitionsOptions)
  const { assets = [], checks = [], jobs = [], schedules = [], sensors = [], modules = [] } = options
  for (const [option, list] of Object.entries({ assets, checks, jobs, schedules, sensors })) expectList(option as keyof DeclaredLists, list)
  const exported = collectModules(modules)
  return {
    assets: [...assets, ...exported.assets],
    checks: [...checks, ...exported.checks],
    jobs: [...jobs, ...exported.jobs],
    schedules: [...schedules, ...exported.schedules],
    sensors: [...sensors, ...exported.sensors],
  }
}

function expectList(option: keyof DeclaredLists, list: unknown): void {
  const wrong = (reason: string) => dagmaError('DAGMA_OPTION_INVALID', { option, of: 'definitions()', reason })
  if (!Array.isArray(list)) throw wrong('must be a list')
  const at = list.findIndex((item) => typeof item !== 'object' || item === null || !belongsInto[option](item))
  if (at < 0) return
  const nothing = list[at] === undefined ? ': it is undefined, as when modules import each other in a cycle' : ''
  throw wrong(`has something else at position ${at + 1}${nothing}`)
}

/** The partition of an asset that a run of `runPartition` is about: none of an asset without partitions, whatever else the run makes. */
export function partitionOf(assets: Definitions['assets'], assetKey: AssetKey, runPartition: string | undefined): string | undefined {
  return assets.get(keyText(assetKey))?.partitions === undefined ? undefined : runPartition
}

/** Config by step name; what is entered under an asset's key text is for the step that makes it. Dagster knows steps only. @internal */
export function configBySteps({ assets, steps }: Pick<Definitions, 'assets' | 'steps'>, config: RunConfig): RunConfig {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [steps.has(name) ? name : (assets.get(name)?.step?.name ?? name), value]),
  )
}
