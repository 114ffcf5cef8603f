import { PartitionMapping } from './partition-mapping.ts'
import type { MultiPartitions, PartitionsDefinition } from './partition-types.ts'
import { dimensionsInOrder, isTimePartitions, samePartitions } from './partitions.ts'

/** The mapping that Dagster takes where none is declared. */
export function impliedMapping(theirs: PartitionsDefinition, own: PartitionsDefinition | undefined): PartitionMapping {
  if (own === undefined) return PartitionMapping.all()
  if ('multi' in dimensionOf(theirs, own, null)) return PartitionMapping.multiToSingle()
  return isTimePartitions(theirs) && isTimePartitions(own) ? PartitionMapping.timeWindow() : PartitionMapping.identity()
}

/** The dimension that stands for the other side's partitions, and how its partitions map to them. */
export interface MappedDimension {
  readonly multi: MultiPartitions
  /** Position of the dimension's part in a key. */
  readonly index: number
  readonly mapping: PartitionMapping
}

/** Which dimension a mapping between partitions with and without dimensions means, as Dagster finds it, or the reason why it finds none. */
export function dimensionOf(
  theirs: PartitionsDefinition,
  own: PartitionsDefinition | undefined,
  named: string | null,
): MappedDimension | { readonly reason: string } {
  const [multi, single] = theirs.kind === 'multi' ? [theirs, own] : [own, theirs]
  if (multi?.kind !== 'multi' || single === undefined || single.kind === 'multi')
    return { reason: 'while one of them must have two dimensions and the other one' }
  const dimensions = dimensionsInOrder(multi)
  const equal = dimensions.flatMap(([, dimension], index) => (samePartitions(dimension, single) ? [index] : []))
  const byTime = dimensions.flatMap(([, dimension], index) => (isTimePartitions(dimension) && isTimePartitions(single) ? [index] : []))
  const [index, another] = equal.length > 0 ? equal : byTime
  if (index === undefined) return { reason: 'while no dimension has the same partitions, nor is one by time like the other side' }
  if (another !== undefined) return { reason: 'while two dimensions fit the other side, and Dagster cannot choose between them' }
  const name = dimensions[index]?.[0]
  if (named !== null && named !== name) return { reason: `naming the dimension "${named}", while "${name}" is the one that fits` }
  return { multi, index, mapping: equal.length > 0 ? PartitionMapping.identity() : PartitionMapping.timeWindow() }
}
