import { dimensionOf, impliedMapping } from '../partitions/implied-mapping.ts'
import type { DimensionMapping, PartitionMapping } from '../partitions/partition-mapping.ts'
import type { PartitionsDefinition } from '../partitions/partition-types.ts'
import { isTimePartitions } from '../partitions/partitions.ts'

/** Why Dagster would not take a mapping between these partitions, or why it leads nowhere; undefined when it fits. */
export function mappingProblem(
  mapping: PartitionMapping,
  theirs: PartitionsDefinition,
  own: PartitionsDefinition | undefined,
): string | undefined {
  switch (mapping.kind) {
    case 'default':
      return mappingProblem(impliedMapping(theirs, own), theirs, own)
    case 'identity':
      return theirs.kind === own?.kind
        ? undefined
        : `by the same key, while its partitions are ${theirs.kind} and the own ones ${own?.kind ?? 'none'}`
    case 'specific': {
      const unknown = theirs.kind === 'static' ? unknownKey(mapping.partitionKeys, theirs.partitionKeys) : undefined
      return unknown === undefined ? undefined : `whose partitions do not include "${unknown}"`
    }
    case 'static':
      return staticProblem(mapping, theirs, own)
    case 'time_window':
      return timeWindowProblem(mapping, theirs, own)
    case 'multi':
      return multiProblem(mapping.dimensions, theirs, own)
    case 'multi_to_single': {
      const found = dimensionOf(theirs, own, mapping.dimension)
      return 'reason' in found ? `by a mapping of one dimension, ${found.reason}` : undefined
    }
    default:
      return undefined
  }
}

function staticProblem(
  { downstreamByUpstream }: Extract<PartitionMapping, { kind: 'static' }>,
  theirs: PartitionsDefinition,
  own: PartitionsDefinition | undefined,
): string | undefined {
  if (theirs.kind !== 'static' || own?.kind !== 'static') return 'by a static mapping, while both must have static partitions'
  const upstream = unknownKey(Object.keys(downstreamByUpstream), theirs.partitionKeys)
  if (upstream !== undefined) return `whose partitions do not include "${upstream}" of the static mapping`
  const downstream = unknownKey(Object.values(downstreamByUpstream).flat(), own.partitionKeys)
  return downstream === undefined ? undefined : `by a static mapping to "${downstream}", which is not one of the own partitions`
}

function timeWindowProblem(
  { startOffset, endOffset }: Extract<PartitionMapping, { kind: 'time_window' }>,
  theirs: PartitionsDefinition,
  own: PartitionsDefinition | undefined,
): string | undefined {
  if (own === undefined || !isTimePartitions(theirs) || !isTimePartitions(own))
    return 'by a mapping of time windows, while both must have time partitions'
  if (theirs.timezone !== own.timezone)
    return `by a mapping of time windows, while its time zone is ${theirs.timezone} and the own one ${own.timezone}`
  if (!Number.isInteger(startOffset) || !Number.isInteger(endOffset))
    return `by offsets from ${startOffset} to ${endOffset}, which must be integers`
  return startOffset > endOffset ? `by offsets from ${startOffset} to ${endOffset}, which end before they start` : undefined
}

function multiProblem(
  mappings: { readonly [upstream: string]: DimensionMapping },
  theirs: PartitionsDefinition,
  own: PartitionsDefinition | undefined,
): string | undefined {
  if (theirs.kind !== 'multi' || own?.kind !== 'multi') return 'by a mapping of dimensions, while both must have two dimensions'
  const taken = new Set<string>()
  for (const [upstream, { dimension, mapping }] of Object.entries(mappings)) {
    const [from, to] = [theirs.dimensions[upstream], own.dimensions[dimension]]
    if (from === undefined) return `by a mapping of its dimension "${upstream}", which it does not have`
    if (to === undefined) return `by a mapping to the own dimension "${dimension}", which does not exist`
    if (taken.has(dimension)) return `by a mapping of two dimensions to the own dimension "${dimension}"`
    taken.add(dimension)
    const problem = mappingProblem(mapping, from, to)
    if (problem !== undefined) return `by a mapping of its dimension "${upstream}", ${problem}`
  }
  return undefined
}

function unknownKey(keys: readonly string[], known: readonly string[]): string | undefined {
  const all = new Set(known)
  return keys.find((key) => !all.has(key))
}
