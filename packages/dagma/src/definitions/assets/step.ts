import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { OpTags } from '../executor.ts'
import type { SourcePlace } from '../options/call-site.ts'
import type { OptionTable } from '../options/expect-options.ts'
import type { MaybePartitionContext, PartitionKeyRange } from '../partitions/partition-context.ts'
import type { ClientOf, ResourceType } from '../resource.ts'
import type { AssetKey } from './asset-key.ts'
import type { AssetRef, AssetSpec, DepWithMapping, ValueOf } from './asset-spec.ts'
import type { BackfillPolicy } from './backfill.ts'
import type { Budget } from './budget.ts'
import type { RunItems } from './items.ts'
import type { RetryPolicy } from './retry-policy.ts'
import type { StepLog } from './step-log.ts'

/** Any kind of resource; what a step may name under `resources`. */
export type AnyResourceType = ResourceType<never, unknown>

/** The assets whose values a function takes, by the name it takes them under. */
export type Inputs = { readonly [name: string]: AssetRef | DepWithMapping }

/** The kinds of resource that a function uses, by the key they are bound under. */
export type Requirements = { readonly [key: string]: AnyResourceType }

/** Values of the upstream assets named under `inputs`. */
export type InputValues<In> = { readonly [Name in keyof In]: ValueOf<In[Name]> }

/** Values of the upstream assets of a function with `range: true`: of each, by the key of the partition that takes it. */
export type RangeInputValues<In = Inputs> = {
  readonly [Name in keyof In]: { readonly [partitionKey: string]: InputValues<In>[Name] }
}

/** Opened clients of the resources named under `resources`. */
export type Clients<Req> = { readonly [Key in keyof Req]: ClientOf<Req[Key]> }

/** The context of every step function. */
export interface StepContext<In = Inputs, Req = Requirements, Config = unknown> {
  readonly runId: string
  /** Null for a run of selected assets. */
  readonly jobName: string | null
  /** 0 for the first attempt. */
  readonly retryNumber: number
  /** Tags of the run. */
  readonly runTags: { readonly [tag: string]: string }
  readonly inputs: InputValues<In>
  /**
   * By the name of an input: upstream partitions that its mapping leads to and that do not exist, such as days before the first one, where the mapping
   * has `allowNonexistentUpstreamPartitions`. The input's record does not have them. Inputs that lack none are not named.
   */
  readonly nonexistentUpstreamPartitions: { readonly [Name in keyof In]?: readonly string[] }
  readonly resources: Clients<Req>
  /** The validated config. */
  readonly config: Config
  readonly log: StepLog
  /** Aborted when the step is canceled or out of time: hand it to whatever waits. */
  readonly signal: AbortSignal
  /**
   * Calls a function for each item of a list, and keeps each result as it comes: a retry of the step, and a run that retries this one, only call it for
   * the items that are missing. A new run starts afresh. Returns the results in the order of the list, as JSON gives them back. An item whose call
   * fails does not stop the others. Progress is shown in the terminal, and in Dagster as observations of the asset. Kept results are removed when the
   * step has succeeded. Dagster has no such thing: there, each item would be its own step.
   * @throws DAGMA_ITEMS_FAILED when items failed, DAGMA_ITEMS_INVALID for keys that are not unique, DAGMA_STORAGE_FAILED
   * @example
   * ```ts
   * const texts = asset({ key: 'texts', run: () => [{ id: 'a', text: 'one' }, { id: 'b', text: 'two' }] })
   * const lengths = asset({
   *   key: 'lengths',
   *   inputs: { texts },
   *   run: ({ inputs, items }) => items(inputs.texts, { key: ({ id }) => id, concurrency: 4 }, async ({ text }) => text.length),
   * })
   * ```
   */
  readonly items: RunItems
  /**
   * Adds keys to the dynamic partitions of this name; those that are there already stay. They are added when the attempt has succeeded, before its
   * materializations are recorded; an attempt that fails adds none. Dagster's `context.instance.add_dynamic_partitions`.
   * @throws DAGMA_PARTITION_KEY_INVALID
   */
  readonly addDynamicPartitions: (name: string, partitionKeys: readonly string[]) => void
  /**
   * The keys of the dynamic partitions of this name, in the order in which they were added, as they are when it is called: without what this attempt
   * adds and deletes. Dagster's `context.instance.get_dynamic_partitions`.
   */
  readonly listDynamicPartitions: (name: string) => Promise<readonly string[]>
  /**
   * Deletes keys of the dynamic partitions of this name, when the attempt has succeeded; their materializations stay. Dagster's
   * `context.instance.delete_dynamic_partition`.
   */
  readonly deleteDynamicPartitions: (name: string, partitionKeys: readonly string[]) => void
}

/** Options of every kind of step. */
export interface StepOptions<In extends Inputs, Req extends Requirements, Config> {
  /** Assets whose values `run` takes; they are loaded through their IO manager. */
  readonly inputs?: In
  /** Kinds of resource that `run` uses. `definitions()` must bind each key. */
  readonly resources?: Req
  /** Schema of the run config, by zod or any Standard Schema. Default: no config. */
  readonly config?: StandardSchemaV1<unknown, Config>
  /** When a failed step is retried; default: never. */
  readonly retryPolicy?: RetryPolicy
  /** Seconds after which an attempt fails; default: no limit. */
  readonly timeoutSeconds?: number
  /** Dagster's concurrency pool that the step takes a slot of. */
  readonly pool?: string
  /** Tags that executors and Dagster's limits read, such as `dagster-celery/queue`; default: those of the job. See {@link OpTags}. */
  readonly opTags?: OpTags
  /** A limit for the cost or the tokens of the models that it calls; default: none. See {@link Budget}. */
  readonly budget?: Budget
}

/** Those options, as `expectOptions` reads them. */
export const stepOptions: OptionTable<keyof StepOptions<{}, {}, unknown>> = {
  inputs: 'assets',
  resources: 'record',
  config: 'any',
  retryPolicy: 'retryPolicy',
  timeoutSeconds: 'number',
  pool: 'text',
  opTags: 'record',
  budget: 'budget',
}

/** The kind of a step. `check` steps evaluate checks of assets that other steps materialize. */
export type StepKind = 'materialize' | 'observe' | 'check'

/** A check as it is declared. Dagster's `AssetCheckSpec`. */
export interface CheckSpec {
  readonly asset: AssetKey
  readonly name: string
  readonly description: string | undefined
  /** Whether what is downstream of the asset waits for it, and is skipped when it fails with severity ERROR. */
  readonly blocking: boolean
}

/**
 * A step as hosts run it: one function, what it makes, and what it needs. Its types were checked where it was declared, so they are wide here.
 * Dagster's op.
 */
export interface Step {
  readonly kind: StepKind
  /** Unique in the project, a valid Dagster op name. */
  readonly name: string
  /** The assets that it materializes or observes; a `check` step has none. */
  readonly assets: readonly AssetSpec[]
  readonly checks: readonly CheckSpec[]
  /** Names under which a multi-asset's function returns its assets, in their order; undefined when it returns the one value itself. */
  readonly partNames: readonly string[] | undefined
  /** Whether a run may ask for some of its assets only. */
  readonly canSubset: boolean
  readonly inputs: { readonly [name: string]: DepWithMapping }
  readonly resources: Requirements
  readonly config: StandardSchemaV1<unknown, unknown> | undefined
  readonly retryPolicy: RetryPolicy | undefined
  readonly timeoutSeconds: number | undefined
  readonly pool: string | undefined
  readonly opTags: OpTags
  readonly budget: Budget | undefined
  /** How many partitions a run may make; undefined: one. */
  readonly backfillPolicy: BackfillPolicy | undefined
  /** Maximum concurrent partitions in a run of several; undefined: the default. */
  readonly partitionConcurrency: number | undefined
  /** Whether the function makes all partitions of a run in one call. */
  readonly range: boolean
  readonly ioManager: string | undefined
  /** Whether that IO manager gives values back as they were, and not what JSON returns: see `typedIOManager`. */
  readonly valuesAsIs: boolean
  /** Whether it is a check made by `evaluation()`. */
  readonly isEvaluation: boolean
  readonly run: StepFunction
  /** Where it was declared, if known. */
  readonly source: () => SourcePlace | undefined
}

/** The return value of any step function: a value or MaterializeResult, an object of them, an ObserveResult, or a CheckResult. */
export type StepFunction = (context: StepContext & StepExtras) => unknown

/** Fields of the context that only some kinds of step have. */
export interface StepExtras extends MaybePartitionContext {
  /** The partitions that the function is called for: at most one, but with `range: true`. */
  readonly partitionKeysInRange: readonly string[]
  /** The asset; of a `check` step, the one that is checked. */
  readonly assetKey: AssetKey
  /** Of a step without partitions, undefined. */
  readonly partitionKey: string | undefined
  readonly hasPartitionKey: boolean
  readonly partitionKeyRange: PartitionKeyRange | undefined
  /** Names of the assets that a multi-asset is to make. */
  readonly selected: ReadonlySet<string>
  /** Loads the value of the checked asset. */
  readonly load: () => Promise<unknown>
  readonly kept: KeptValues
}

/** Data that a step keeps for later runs besides the value of its asset: by name, for the asset and its partition. The project's IO manager stores it. */
export interface KeptValues {
  /** The value last kept; undefined when there is none. */
  load(name: string): Promise<unknown>
  store(name: string, value: unknown): Promise<void>
}
