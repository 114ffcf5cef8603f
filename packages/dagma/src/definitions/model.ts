import type { Asset } from './assets/asset.ts'
import type { AssetSpec } from './assets/asset-spec.ts'
import type { Budget } from './assets/budget.ts'
import type { ExternalAsset } from './assets/external-asset.ts'
import type { IOManager } from './assets/io-manager.ts'
import type { MultiAsset } from './assets/multi-asset.ts'
import type { ObservableAsset } from './assets/observable-asset.ts'
import type { CheckSpec, Step } from './assets/step.ts'
import type { Job } from './automation/job.ts'
import type { Schedule } from './automation/schedule.ts'
import type { Sensor } from './automation/sensor.ts'
import type { Executor } from './executor.ts'
import type { Instrument } from './instrument.ts'
import type { SourcePlace } from './options/call-site.ts'
import type { Resource } from './resource.ts'

/** Marks the results of `definitions()`, across duplicate installs. */
export const brand: unique symbol = Symbol.for('dagma.definitions') as never

/** Any kind of asset of a project. */
export type AnyAsset = Asset | MultiAsset | ExternalAsset | ObservableAsset

/** An asset in a project, with the step that makes or observes it. */
export interface AssetNode extends AssetSpec {
  /** Undefined for an external asset. @internal */
  readonly step: Step | undefined
  /** Where it was declared, if known. @internal */
  readonly source: () => SourcePlace | undefined
}

/** A check in a project, with the step that evaluates it. */
export interface CheckNode extends CheckSpec {
  /** @internal */
  readonly step: Step
}

/** A job with the assets that its selection names. */
export interface ResolvedJob extends Job {
  /** Key text, upstream assets first. */
  readonly assetKeys: readonly string[]
}

/**
 * The validated definitions of a project, which hosts run. Only `definitions()` creates them; tests and tools may read them. Dagster's `Definitions`.
 * @example
 * ```ts
 * const orders = asset({ key: 'orders', group: 'shop', run: () => [20, 35] })
 * const project = definitions({ assets: [orders] })
 * project.assets.get('orders')?.group // 'shop'
 * ```
 */
export interface Definitions {
  /** By key text, upstream assets first. */
  readonly assets: ReadonlyMap<string, AssetNode>
  /** By name, steps of upstream assets first. @internal */
  readonly steps: ReadonlyMap<string, Step>
  /** By the asset's key text, ":" and the check's name. */
  readonly checks: ReadonlyMap<string, CheckNode>
  /** By name, with the assets that their selections resolve to. */
  readonly jobs: ReadonlyMap<string, ResolvedJob>
  /** By name. */
  readonly schedules: ReadonlyMap<string, Schedule>
  /** By name. */
  readonly sensors: ReadonlyMap<string, Sensor>
  /** @internal */
  readonly resources: ReadonlyMap<string, Resource<unknown>>
  /** @internal */
  readonly ioManagers: ReadonlyMap<string, IOManager>
  /** @internal */
  readonly instrument: Instrument | undefined
  /** @internal */
  readonly executor: Executor | undefined
  /** @internal */
  readonly budget: Budget | undefined
  readonly [brand]: true
}

/** The definitions that are validated against each other. @internal */
export interface Declared {
  readonly graph: Pick<Definitions, 'assets' | 'steps' | 'checks'>
  readonly resources: ReadonlyMap<string, Resource<unknown>>
  readonly ioManagers: ReadonlyMap<string, IOManager>
  readonly executor: Executor | undefined
  readonly budget: Budget | undefined
  readonly jobs: readonly Job[]
  readonly schedules: readonly Schedule[]
  readonly sensors: readonly Sensor[]
}

/** Whether a value was made by `definitions()`, by this copy of Dagma or another. */
export function isDefinitions(value: unknown): value is Definitions {
  return typeof value === 'object' && value !== null && brand in value
}
