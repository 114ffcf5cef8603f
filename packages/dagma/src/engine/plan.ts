import { keyText } from '../definitions/assets/asset-key.ts'
import type { Step, StepKind } from '../definitions/assets/step.ts'
import type { RunConfig } from '../definitions/automation/job.ts'
import type { Definitions } from '../definitions/model.ts'
import type { PartitionsAt } from '../definitions/partitions/partitions.ts'
import { stepsBefore } from '../definitions/validation/collect-graph.ts'
import { dagmaError } from '../errors.ts'
import { validatedConfig } from '../runtime/step/validated-config.ts'
import { checkRunPartition } from './run-partition.ts'

/** A step of a run that is to be. */
export interface PlannedStep {
  readonly step: Step
  /** Its assets that are to be made, by key text. */
  readonly selected: ReadonlySet<string>
  /** Names of the steps of the same run that come before this one. */
  readonly after: readonly string[]
  /** Config as entered; undefined when none was. */
  readonly config: unknown
  /** In a run of several partitions, those that a step with partitions is to make; otherwise undefined. */
  readonly partitionKeys: readonly string[] | undefined
}

/** The request for a run. */
export interface RunPlanRequest {
  /** Assets, by key text. */
  readonly assetKeys: readonly string[]
  /** `materialize` makes the assets and evaluates their checks; the others do only that. */
  readonly kind: StepKind
  readonly partitionKey: string | undefined
  /** Several partitions; undefined for one or none. */
  readonly partitionKeys?: readonly string[] | undefined
  readonly config: RunConfig
}

/**
 * The plan of a run: its steps in order, each with its upstream steps. Pure, except for the validation of config by its schema.
 * @throws DAGMA_SELECTION_EMPTY, DAGMA_CONFIG_INVALID, DAGMA_CONFIG_UNKNOWN, and what {@link checkRunPartition} throws
 */
export async function planRun(definitions: Definitions, request: RunPlanRequest, at: PartitionsAt): Promise<PlannedStep[]> {
  const keys = new Set(request.assetKeys)
  const steps = [...definitions.steps.values()].filter((step) => belongs(step, keys, request.kind))
  if (steps.length === 0)
    throw dagmaError('DAGMA_SELECTION_EMPTY', { what: 'This run', such: fitting[request.kind], selection: request.assetKeys.join(',') })
  for (const key of request.partitionKeys ?? [request.partitionKey]) checkRunPartition(definitions, steps, key, at)
  return planSteps(definitions, steps, { keys, config: request.config, partitionKeysOf: () => request.partitionKeys })
}

/** The input of a plan. */
export interface StepsPlanRequest {
  /** The assets that the run makes, by key text. */
  readonly keys: ReadonlySet<string>
  readonly config: RunConfig
  /** In a run of several partitions, those that a step is to make. */
  readonly partitionKeysOf: (step: Step) => readonly string[] | undefined
}

/** Plans these steps of a run. @throws DAGMA_CONFIG_INVALID, DAGMA_CONFIG_UNKNOWN */
export async function planSteps(
  definitions: Definitions,
  steps: readonly Step[],
  { keys, config: entered, partitionKeysOf }: StepsPlanRequest,
): Promise<PlannedStep[]> {
  const names = new Set(steps.map((step) => step.name))
  const before = order(definitions)
  const config = await configBySteps(definitions, steps, entered)
  return steps.map((step) => ({
    step,
    selected: new Set(step.assets.map((spec) => keyText(spec.key)).filter((key) => keys.has(key) || !step.canSubset)),
    after: before(step).filter((name) => names.has(name)),
    config: config.get(step.name),
    partitionKeys: isPartitioned(step, definitions) ? partitionKeysOf(step) : undefined,
  }))
}

/** Whether what a step makes, or checks, has partitions. */
export function isPartitioned({ assets, checks }: Step, definitions: Definitions): boolean {
  const spec = assets[0] ?? definitions.assets.get(keyText(checks[0]?.asset ?? []))
  return spec?.partitions !== undefined
}

/** The assets of which a run can do what it is to. */
const fitting = {
  materialize: 'asset that this project materializes',
  check: 'asset with a check in its own step',
  observe: 'observable asset',
}

function belongs(step: Step, keys: ReadonlySet<string>, kind: StepKind): boolean {
  if (step.kind === 'check') return kind !== 'observe' && step.checks.some((check) => keys.has(keyText(check.asset)))
  return step.kind === kind && step.assets.some((spec) => keys.has(keyText(spec.key)))
}

/** For each step, by name, the steps that make what it needs and those that evaluate blocking checks of that. */
function order({ assets, steps }: Definitions): (step: Step) => string[] {
  const guards = new Map<string, string[]>()
  for (const step of steps.values()) {
    if (step.kind !== 'check') continue
    for (const { asset, blocking } of step.checks)
      if (blocking) guards.set(keyText(asset), [...(guards.get(keyText(asset)) ?? []), step.name])
  }
  return (step) => {
    const makers = stepsBefore(step, assets)
    if (step.kind === 'check') return makers
    return [...makers, ...step.assets.flatMap((spec) => spec.deps.flatMap((dep) => guards.get(keyText(dep.key)) ?? []))]
  }
}

/** Config by step; what is entered under an asset's key text is for the step that makes it. */
async function configBySteps(definitions: Definitions, steps: readonly Step[], entered: RunConfig): Promise<Map<string, unknown>> {
  const config = new Map<string, unknown>()
  for (const [name, value] of Object.entries(entered)) {
    const step = definitions.steps.get(name) ?? definitions.assets.get(name)?.step
    if (step === undefined || !steps.includes(step))
      throw dagmaError('DAGMA_CONFIG_UNKNOWN', { step: name, reason: 'which is not selected' })
    if (step.config === undefined) throw dagmaError('DAGMA_CONFIG_UNKNOWN', { step: name, reason: 'which has no config' })
    config.set(step.name, value)
  }
  for (const step of steps) await validatedConfig(step, config.get(step.name))
  return config
}
