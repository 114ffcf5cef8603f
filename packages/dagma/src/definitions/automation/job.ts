import type { Requiring } from '../assets/asset.ts'
import { checkedName } from '../assets/asset-key.ts'
import type { AssetRef } from '../assets/asset-spec.ts'
import type { Budget } from '../assets/budget.ts'
import type { Clients, Requirements } from '../assets/step.ts'
import type { StepLog } from '../assets/step-log.ts'
import type { Executor, OpTags } from '../executor.ts'
import { callSite, type SourcePlace } from '../options/call-site.ts'
import { expectOptions, type OptionTable } from '../options/expect-options.ts'
import { selectionText } from '../selection/selection-text.ts'

/** Run config as entered: for each step that takes config, by step name (an asset's key text is one for its step), its config. */
export type RunConfig = { readonly [step: string]: unknown }

/** Tags of a run. */
export type RunTags = { readonly [tag: string]: string }

/** The context of a hook. */
export interface HookContext<Req = Requirements> {
  readonly runId: string
  readonly jobName: string
  /** Name of the step that ended. */
  readonly stepName: string
  /** The error that failed the step: the one that its function threw, or one of Dagma's. Undefined for a success. Secrets are redacted. */
  readonly error: { readonly name: string; readonly message: string } | undefined
  readonly resources: Clients<Req>
  readonly log: StepLog
  /** Aborted when the run is canceled, or when the hook has run for the step's `timeoutSeconds`: hand it to whatever waits. */
  readonly signal: AbortSignal
}

/** A function that is called when a step of a job has ended and that is recorded. What it throws is logged and changes nothing. */
export type Hook<Req = Requirements> = (context: HookContext<Req>) => void | Promise<void>

/** A job: a named selection of assets that is run together. Dagster's asset job. Made by {@link job}. */
export interface Job<Req extends Requirements = Requirements> extends Requiring<Req> {
  readonly name: string
  /** In selection syntax. */
  readonly selection: string
  readonly description: string | undefined
  readonly tags: RunTags
  readonly config: RunConfig
  /** Undefined: that of the definitions. */
  readonly executor: Executor | undefined
  readonly opTags: OpTags
  readonly budget: Budget | undefined
  /** @internal */
  readonly resources: Requirements
  readonly onFailure: Hook | undefined
  readonly onSuccess: Hook | undefined
  /** Where it was declared, if known. @internal */
  readonly source: () => SourcePlace | undefined
}

/** Options of {@link job}. */
export interface JobOptions<Req extends Requirements> {
  readonly name: string
  /** The assets, or text in Dagster's selection syntax. */
  readonly selection: string | readonly AssetRef[]
  /** Markdown shown on the job's page. */
  readonly description?: string
  /** Tags of its runs. */
  readonly tags?: RunTags
  /** Config of its runs, over which what is entered for a run goes, step by step. */
  readonly config?: RunConfig
  /** The executor of its steps in Dagster; default: that of `definitions()`. */
  readonly executor?: Executor
  /** Op tags of each of its steps, where the step has no tag of that name itself. See {@link OpTags}. */
  readonly opTags?: OpTags
  /** A limit for the cost or the tokens of the models that its runs call; default: none. See {@link Budget}. */
  readonly budget?: Budget
  /** Kinds of resource that the hooks use. */
  readonly resources?: Req
  /** Called when a step failed for good. Dagster's `failure_hook`. */
  readonly onFailure?: Hook<Req>
  /** Called when a step succeeded. Dagster's `success_hook`. */
  readonly onSuccess?: Hook<Req>
}

/** Those options, as `expectOptions` reads them. */
export const jobOptions: OptionTable<keyof JobOptions<{}>> = {
  name: 'text!',
  selection: 'selection!',
  description: 'text',
  tags: 'tags',
  config: 'record',
  executor: 'executor',
  opTags: 'record',
  budget: 'budget',
  resources: 'record',
  onFailure: 'function',
  onSuccess: 'function',
}

/**
 * Declares a job over a selection of assets. Dagster's `define_asset_job`. @throws DAGMA_KEY_INVALID
 * @example
 * ```ts
 * const orders = asset({ key: 'orders', run: () => [20, 35] })
 * const nightly = job({ name: 'nightly', selection: [orders], tags: { team: 'shop' } })
 * ```
 */
export function job<Req extends Requirements = {}>(options: JobOptions<Req>): Job<Req> {
  expectOptions('job()', options, jobOptions)
  const {
    name,
    selection,
    description,
    tags = {},
    config = {},
    executor,
    opTags = {},
    budget,
    resources = {},
    onFailure,
    onSuccess,
  } = options
  return {
    name: checkedName('A job', name),
    selection: selectionText(selection),
    description,
    tags,
    config,
    executor,
    opTags,
    budget,
    resources,
    onFailure: onFailure as Hook | undefined,
    onSuccess: onSuccess as Hook | undefined,
    source: callSite(job),
  }
}
