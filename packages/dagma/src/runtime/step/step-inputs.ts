import { keyText } from '../../definitions/assets/asset-key.ts'
import type { Step } from '../../definitions/assets/step.ts'
import { stepLabel } from '../../definitions/assets/step-label.ts'
import { type UpstreamPartitions, upstreamPartitions } from '../../definitions/partitions/upstream-partitions.ts'
import { loadedInputs } from '../values/missing-inputs.ts'
import type { StepHost } from './step-host.ts'

/** Inputs that all partitions of a step take alike, by name: they are loaded once. */
export type SharedInputs = Map<string, Promise<unknown>>

/** The inputs of a step: of one partition, or with `range: true` of each of `keys`, by that key. */
export async function loadInputs(
  step: Step,
  host: StepHost,
  keys: readonly string[],
  shared: SharedInputs = new Map(),
): Promise<Record<string, unknown>> {
  const names = Object.keys(step.inputs)
  const load = async (name: string): Promise<[string, unknown]> => {
    if (!step.range) return [name, await loadInput(step, host, { name, key: host.partitionKey, shared })]
    const values = keys.map(async (key) => [key, await loadInput(step, host, { name, key, shared })])
    return [name, Object.fromEntries(await loadedInputs(stepOf(step), values))]
  }
  return Object.fromEntries(await loadedInputs(stepOf(step), names.map(load)))
}

interface Wanted {
  readonly name: string
  readonly key: string | undefined
  readonly shared: SharedInputs
}

async function loadInput(step: Step, host: StepHost, { name, key, shared }: Wanted): Promise<unknown> {
  const dep = step.inputs[name] as Step['inputs'][string]
  const own = { partitions: step.assets[0]?.partitions, key }
  const load = (upstream: UpstreamPartitions): Promise<unknown> => {
    const context = { assetKey: dep.key, runId: host.runId, signal: host.signal }
    const reader = { who: stepOf(step), find: host.findMaterializations }
    if ('one' in upstream) return host.values.load({ ...context, partitionKey: upstream.one }, reader)
    return host.values.loadPartitions(context, upstream.many, reader)
  }
  const at = { now: host.now(), dynamicKeys: host.dynamicKeys }
  const isAlike =
    ['last', 'all', 'specific'].includes(dep.mapping.kind) || host.definitions.assets.get(keyText(dep.key))?.partitions === undefined
  if (!isAlike) return load(upstreamPartitions(dep, host.definitions, own, at))
  const loading = shared.get(name) ?? load(upstreamPartitions(dep, host.definitions, own, at))
  shared.set(name, loading)
  return loading
}

function stepOf(step: Step): string {
  return `Step "${stepLabel(step)}"`
}
