import { type DagmaError, dagmaError } from '../../errors.ts'
import { keyText } from '../assets/asset-key.ts'
import type { DepWithMapping } from '../assets/asset-spec.ts'
import { stepLabel } from '../assets/step-label.ts'
import type { AssetNode, Definitions } from '../model.ts'
import { placeText } from '../options/place.ts'
import type { PartitionsDefinition } from '../partitions/partition-types.ts'
import { samePartitions } from '../partitions/partitions.ts'
import { mappingProblem } from './check-mapping.ts'
import { partitionsProblems } from './check-partitions-definition.ts'

/** Checks that both hosts can make the partitions, and that they fit each other along inputs and deps; what is wrong goes into `errors`. */
export function checkPartitions({ assets, steps }: Pick<Definitions, 'assets' | 'steps'>, errors: DagmaError[]): void {
  const problemsOf = new Map<PartitionsDefinition, readonly string[]>()
  for (const { partitions, ...node } of assets.values()) {
    if (partitions === undefined) continue
    const problems = problemsOf.get(partitions) ?? partitionsProblems(partitions)
    problemsOf.set(partitions, problems)
    for (const reason of problems)
      errors.push(dagmaError('DAGMA_PARTITIONS_INVALID', { what: `Asset "${keyText(node.key)}"${placeText(node)}`, reason }))
  }
  for (const step of steps.values()) {
    const mismatch = (reason: string): void => {
      errors.push(dagmaError('DAGMA_PARTITIONS_MISMATCH', { what: `Step "${stepLabel(step)}"${placeText(step)}`, reason }))
    }
    const [first, ...others] = step.assets
    for (const other of others)
      if (!samePartitions(first?.partitions, other.partitions))
        mismatch(`makes "${keyText(first?.key ?? [])}" and "${keyText(other.key)}", which have different partitions`)
    if (step.kind === 'check') continue
    for (const { dep, own, input } of upstreamOf(step)) {
      const upstream = assets.get(keyText(dep.key))
      if (upstream === undefined || [own, upstream.partitions].some((one) => one !== undefined && (problemsOf.get(one) ?? []).length > 0))
        continue
      const reason = input === undefined ? depProblem(upstream, dep, own) : inputProblem(upstream, dep, own)
      if (reason === undefined) continue
      mismatch(`${input === undefined ? 'depends on' : `takes the input "${input}" from`} "${keyText(dep.key)}", ${reason}`)
    }
  }
}

interface Upstream {
  readonly dep: DepWithMapping
  readonly own: PartitionsDefinition | undefined
  /** Undefined for a dep whose value is not loaded. */
  readonly input: string | undefined
}

function upstreamOf(step: Definitions['steps'] extends ReadonlyMap<string, infer Step> ? Step : never): Upstream[] {
  const inputs = Object.entries(step.inputs).map(([input, dep]) => ({ dep, own: step.assets[0]?.partitions, input }))
  const loaded = new Set(inputs.map(({ dep }) => keyText(dep.key)))
  const deps = step.assets.flatMap(({ deps, partitions: own }) => deps.map((dep) => ({ dep, own, input: undefined })))
  return [...inputs, ...deps.filter(({ dep }) => !loaded.has(keyText(dep.key)))]
}

/** Why the partitions of an input are unknown, or differ from what its type says: one value, or several by their keys. */
function inputProblem(
  { partitions: theirs }: AssetNode,
  { mapping }: DepWithMapping,
  own: PartitionsDefinition | undefined,
): string | undefined {
  if (mapping.kind !== 'default') return theirs === undefined ? 'which has no partitions to map' : mappingProblem(mapping, theirs, own)
  if (theirs === undefined || samePartitions(theirs, own)) return undefined
  return own === undefined
    ? 'which has partitions, while the step has none: choose them by mapped(asset, PartitionMapping.all()) or another mapping'
    : 'which has other partitions: choose them by mapped(asset, mapping)'
}

/** Why Dagster would not take a dep whose value is not loaded; of external assets it checks none. */
function depProblem(
  { partitions: theirs, step }: AssetNode,
  { mapping }: DepWithMapping,
  own: PartitionsDefinition | undefined,
): string | undefined {
  return theirs === undefined || step === undefined ? undefined : mappingProblem(mapping, theirs, own)
}
