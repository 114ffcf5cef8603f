import { dagmaError } from '../../errors.ts'
import { keyText } from '../assets/asset-key.ts'
import type { DepWithMapping } from '../assets/asset-spec.ts'
import type { Step } from '../assets/step.ts'
import type { Definitions } from '../model.ts'
import { dimensionOf, impliedMapping } from './implied-mapping.ts'
import { keysByDimension } from './partition-context.ts'
import type { DimensionMapping, PartitionMapping } from './partition-mapping.ts'
import { rangeText } from './partition-ranges.ts'
import type { MultiPartitions, PartitionsDefinition, TimePartitions } from './partition-types.ts'
import {
  combinations,
  dimensionsInOrder,
  hasPartition,
  lastPartitionKey,
  type PartitionsAt,
  partitionKeys,
  samePartitions,
} from './partitions.ts'
import { TimeWindows, type WindowRange } from './time-windows.ts'
import { localTime } from './window-grid.ts'

/** The upstream partitions that a partition depends on: none, the one, or several with their keys. */
export type UpstreamPartitions = { readonly one: string | undefined } | { readonly many: readonly string[] }

/** The partition that is made. */
export interface OwnPartition {
  /** Of its asset; undefined for one without partitions. */
  readonly partitions: PartitionsDefinition | undefined
  readonly key: string | undefined
}

/**
 * The partitions of `dep` for a partition. Pure: `at` supplies the existing partitions.
 * @throws DAGMA_UPSTREAM_PARTITIONS_NONEXISTENT
 */
export function upstreamPartitions(
  dep: DepWithMapping,
  { assets }: Pick<Definitions, 'assets'>,
  own: OwnPartition,
  at: PartitionsAt,
): UpstreamPartitions {
  const theirs = assets.get(keyText(dep.key))?.partitions
  if (theirs === undefined) return { one: undefined }
  const { existing, nonexistent } = mappedKeys(dep.mapping, theirs, own, at)
  if (nonexistent.length > 0)
    throw dagmaError('DAGMA_UPSTREAM_PARTITIONS_NONEXISTENT', {
      partition: own.key,
      upstream: keyText(dep.key),
      nonexistent,
    })
  return dep.mapping.many ? { many: existing } : { one: existing[0] }
}

/** The upstream partitions that exist of those that a partition depends on; of an upstream asset without partitions none. */
export function upstreamKeys(
  dep: DepWithMapping,
  { assets }: Pick<Definitions, 'assets'>,
  own: OwnPartition,
  at: PartitionsAt,
): readonly string[] {
  const theirs = assets.get(keyText(dep.key))?.partitions
  return theirs === undefined ? [] : mappedKeys(dep.mapping, theirs, own, at).existing
}

/** Names of the dynamic partitions of which a step needs all keys, as one of its inputs is mapped to more than the key of the run. */
export function neededDynamicPartitions({ inputs }: Pick<Step, 'inputs'>, { assets }: Pick<Definitions, 'assets'>): string[] {
  const names = Object.values(inputs).flatMap(({ key, mapping }) => {
    const theirs = assets.get(keyText(key))?.partitions
    if (theirs === undefined || !['all', 'last', 'multi_to_single', 'multi'].includes(mapping.kind)) return []
    const parts = theirs.kind === 'multi' ? Object.values(theirs.dimensions) : [theirs]
    return parts.flatMap((part) => (part.kind === 'dynamic' ? [part.name] : []))
  })
  return [...new Set(names)]
}

/** By the name of an input: the upstream partitions that its mapping leads to, that do not exist, and that it allows to be missing. */
export function nonexistentInputs(
  { inputs, assets: [made] }: Pick<Step, 'inputs' | 'assets'>,
  { assets }: Pick<Definitions, 'assets'>,
  ownKeys: readonly string[],
  at: PartitionsAt,
): { readonly [input: string]: readonly string[] } {
  const missing = Object.entries(inputs).flatMap(([name, { key, mapping }]) => {
    const theirs = assets.get(keyText(key))?.partitions
    if (theirs === undefined) return []
    const keys = ownKeys.flatMap((own) => mappedKeys(mapping, theirs, { partitions: made?.partitions, key: own }, at).allowed)
    return keys.length === 0 ? [] : [[name, [...new Set(keys)]] as const]
  })
  return Object.fromEntries(missing)
}

/** Keys that a mapping leads to. */
interface MappedKeys {
  readonly existing: readonly string[]
  /** Those that would be needed and do not exist, or ranges of them. */
  readonly nonexistent: readonly string[]
  /** Those that do not exist, which the mapping allows. */
  readonly allowed: readonly string[]
}

const mapsTo = (existing: readonly string[]): MappedKeys => ({ existing, nonexistent: [], allowed: [] })
const needs = (nonexistent: string): MappedKeys => ({ existing: [], nonexistent: [nonexistent], allowed: [] })

function mappedKeys(mapping: PartitionMapping, theirs: PartitionsDefinition, own: OwnPartition, at: PartitionsAt): MappedKeys {
  const key = own.key ?? ''
  switch (mapping.kind) {
    case 'default':
      return mappedKeys(impliedMapping(theirs, own.partitions), theirs, own, at)
    case 'identity':
      return samePartitions(theirs, own.partitions) || hasPartition(theirs, key, at) ? mapsTo([key]) : needs(key)
    case 'last': {
      const last = lastPartitionKey(theirs, at)
      return last === undefined ? needs('the last one, as it has none yet') : mapsTo([last])
    }
    case 'all':
      return mapsTo(partitionKeys(theirs, at))
    case 'specific':
      return mapsTo(mapping.partitionKeys)
    case 'static':
      return mapsTo(Object.entries(mapping.downstreamByUpstream).flatMap(([upstream, to]) => (to.includes(key) ? [upstream] : [])))
    case 'time_window':
      return mappedWindows(mapping, theirs as TimePartitions, { partitions: own.partitions as TimePartitions, key }, at.now)
    case 'multi_to_single':
      return acrossDimensions(mapping.dimension, theirs, own, at)
    case 'multi':
      return byDimensions(mapping.dimensions, theirs as MultiPartitions, { partitions: own.partitions as MultiPartitions, key }, at)
  }
}

type TimeWindowMapping = Extract<PartitionMapping, { kind: 'time_window' }>

function mappedWindows(
  { startOffset, endOffset, allowNonexistentUpstreamPartitions }: TimeWindowMapping,
  theirs: TimePartitions,
  { partitions: ofOwn, key }: { readonly partitions: TimePartitions; readonly key: string },
  now: Date,
): MappedKeys {
  const isPlain = startOffset === 0 && endOffset === 0
  if (isPlain && samePartitions(theirs, ofOwn)) return mapsTo([key])
  const [windows, own] = [TimeWindows.of(theirs), TimeWindows.of(ofOwn)]
  const index = own.find(key, now)
  if (index === undefined) return needs(key)
  if (isPlain && covers(theirs, ofOwn) && own.startOf(index) >= windows.startOf(windows.first)) return mapsTo([key])
  const there = windows.existing(now)
  const bounded = (moment: number, offset: number): number => (there.last < there.first ? moment : within(moment, offset, windows, there))
  const from = bounded(own.startMovedBy(index, startOffset), startOffset)
  const to = bounded(own.endMovedBy(index, endOffset), endOffset)
  const align = haveSameBounds(theirs, ofOwn)
  const { first, last } = windows.overlapping(from, to, align)
  if (align ? from >= to : first > last) return mapsTo([])
  const existing = windows.keysOf({ first: Math.max(first, there.first), last: Math.min(last, there.last) })
  const before = windows.keysOf({ first, last: Math.min(last, there.first - 1) })
  const after = windows.keysOf({ first: Math.max(first, there.first, there.last + 1), last })
  if (allowNonexistentUpstreamPartitions) return { existing, nonexistent: [], allowed: [...before, ...after] }
  const nonexistent = [before, after].flatMap((keys) => keys.slice(0, 1).map((start) => rangeText({ start, end: keys.at(-1) ?? start })))
  return { existing, nonexistent, allowed: [] }
}

/** An offset does not lead beyond the windows that exist: the first seven days of a rolling week have fewer of them. */
function within(moment: number, offset: number, windows: TimeWindows, { first, last }: WindowRange): number {
  if (offset < 0) return Math.max(moment, windows.startOf(first))
  return offset > 0 ? Math.min(moment, windows.endOf(last)) : moment
}

/** Whether partitions are the own ones but for their start and end, and do not end before them: then Dagster does not ask which of them exist yet. */
function covers(theirs: TimePartitions, own: TimePartitions): boolean {
  const bounds = { start: theirs.start, end: theirs.end }
  if (!samePartitions(theirs, { ...own, ...bounds })) return false
  return theirs.end === null || (own.end !== null && (localTime(theirs.end) ?? 0) >= (localTime(own.end) ?? 0))
}

/** Whether Dagster takes the bounds of the own windows for bounds of theirs. */
function haveSameBounds(theirs: TimePartitions, own: TimePartitions): boolean {
  const isWhole = [theirs, own].every(({ exclude }) => exclude.length === 0)
  return theirs.cronSchedule === own.cronSchedule || (isWhole && own.cronSchedule === '0 0 * * *' && theirs.cronSchedule === '0 * * * *')
}

function acrossDimensions(named: string | null, theirs: PartitionsDefinition, own: OwnPartition, at: PartitionsAt): MappedKeys {
  const found = dimensionOf(theirs, own.partitions, named)
  if ('reason' in found) return needs(own.key ?? '')
  const { multi, index, mapping } = found
  const dimensions = dimensionsInOrder(multi)
  const [, dimension] = dimensions[index] as (typeof dimensions)[number]
  if (theirs.kind !== 'multi') return mappedKeys(mapping, theirs, { partitions: dimension, key: own.key?.split('|')[index] }, at)
  const mapped = mappedKeys(mapping, dimension, own, at)
  return combined(dimensions.map(([, other], position) => (position === index ? mapped : mapsTo(partitionKeys(other, at)))))
}

function byDimensions(
  mappings: { readonly [upstream: string]: DimensionMapping },
  theirs: MultiPartitions,
  { partitions, key }: { readonly partitions: MultiPartitions; readonly key: string },
  at: PartitionsAt,
): MappedKeys {
  const ownKeys = keysByDimension(partitions, key) ?? {}
  const mapped = dimensionsInOrder(theirs).map(([name, dimension]) => {
    const one = mappings[name]
    if (one === undefined) return mapsTo(partitionKeys(dimension, at))
    return mappedKeys(one.mapping, dimension, { partitions: partitions.dimensions[one.dimension], key: ownKeys[one.dimension] }, at)
  })
  return combined(mapped)
}

/** The keys of two dimensions from those of each; keys that do not exist are those of the dimension that lacks them. */
function combined(dimensions: readonly MappedKeys[]): MappedKeys {
  return {
    existing: combinations(dimensions.map(({ existing }) => existing)),
    nonexistent: dimensions.flatMap(({ nonexistent }) => nonexistent),
    allowed: dimensions.flatMap(({ allowed }) => allowed),
  }
}
