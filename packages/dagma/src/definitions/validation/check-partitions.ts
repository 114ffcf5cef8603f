import { type DagmaError, dagmaError } from '../../errors.ts'
import { keyText } from '../assets/asset-key.ts'
import type { DepWithMapping } from '../assets/asset-spec.ts'
import type { AssetNode, Definitions } from '../definitions.ts'
import type { PartitionsDefinition } from '../partitions/partitions.ts'
import { checkTimePartitions } from '../partitions/time-windows.ts'
import { placeText } from './graph.ts'

/** Checks that partitions can be read and fit each other along inputs; what is wrong goes into `errors`. */
export function checkPartitions({ assets, steps }: Pick<Definitions, 'assets' | 'steps'>, errors: DagmaError[]): void {
  for (const node of assets.values())
    if (node.partitions !== undefined) readable(node.partitions, `Asset "${keyText(node.key)}"${placeText(node)}`, errors)
  for (const step of steps.values()) {
    const [first, ...others] = step.assets
    for (const other of others) {
      if (same(first?.partitions, other.partitions)) continue
      errors.push(
        mismatch(
          `Step "${step.name}"${placeText(step)}`,
          `makes "${keyText(first?.key ?? [])}" and "${keyText(other.key)}", which have different partitions`,
        ),
      )
    }
    for (const [name, dep] of Object.entries(step.inputs)) {
      const upstream = assets.get(keyText(dep.key))
      const reason = upstream === undefined || step.kind === 'check' ? undefined : inputMismatch(upstream, dep, first?.partitions)
      if (reason !== undefined)
        errors.push(mismatch(`Step "${step.name}"${placeText(step)}`, `takes the input "${name}" from "${keyText(dep.key)}", ${reason}`))
    }
  }
}

/** Why one value of the upstream asset cannot be told for a partition; types promise that it is one. */
function inputMismatch(upstream: AssetNode, { mapping }: DepWithMapping, own: PartitionsDefinition | undefined): string | undefined {
  const theirs = upstream.partitions
  if (mapping.kind === 'default') {
    if (theirs === undefined || same(theirs, own)) return undefined
    return own === undefined
      ? 'which has partitions, while the step has none: say which ones by mapped(asset, PartitionMapping.all()) or another mapping'
      : 'which has other partitions: say which ones by mapped(asset, mapping)'
  }
  if (theirs === undefined) return 'which has no partitions to map'
  if (mapping.kind === 'identity' && own === undefined) return 'by the identity mapping, while the step has no partitions'
  if (mapping.kind === 'time_window' && !(isTime(theirs) && own !== undefined && isTime(own)))
    return 'by a mapping of time windows, while both must have time partitions'
  if (mapping.kind === 'static' && theirs.kind === 'static') {
    const unknown = Object.keys(mapping.downstreamByUpstream).find((key) => !theirs.partitionKeys.includes(key))
    if (unknown !== undefined) return `whose partitions lack "${unknown}" of the static mapping`
  }
  return undefined
}

function readable(partitions: PartitionsDefinition, what: string, errors: DagmaError[]): void {
  try {
    if (partitions.kind === 'multi') {
      const dimensions = Object.values(partitions.dimensions)
      if (dimensions.length !== 2) errors.push(invalid(what, `they have ${dimensions.length} dimensions, while Dagster takes two`))
      for (const dimension of dimensions) readable(dimension, what, errors)
    } else if (partitions.kind === 'static') {
      const { partitionKeys: keys } = partitions
      if (keys.length === 0 || new Set(keys).size < keys.length) errors.push(invalid(what, 'the static keys are empty or not unique'))
    } else if (isTime(partitions)) checkTimePartitions(partitions, what)
  } catch (error) {
    errors.push(error as DagmaError)
  }
}

function isTime(partitions: PartitionsDefinition): partitions is Extract<PartitionsDefinition, { start: string }> {
  return 'start' in partitions
}

function same(one: PartitionsDefinition | undefined, other: PartitionsDefinition | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function invalid(what: string, reason: string): DagmaError {
  return dagmaError('DAGMA_PARTITIONS_INVALID', { what, reason })
}

function mismatch(what: string, reason: string): DagmaError {
  return dagmaError('DAGMA_PARTITIONS_MISMATCH', { what, reason })
}
