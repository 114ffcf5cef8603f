import { keyText } from '../assets/asset-key.ts'
import type { DepWithMapping } from '../assets/asset-spec.ts'
import type { Definitions } from '../definitions.ts'
import { type PartitionsDefinition, partitionKeys, type TimePartitions } from './partitions.ts'
import { timeWindows } from './time-windows.ts'

/** The upstream partitions that a partition is made from: none, the one, or several with their keys. */
export type UpstreamPartitions = { readonly one: string | undefined } | { readonly many: readonly string[] }

/** What `dep` means for the partition `own` of an asset with the partitions `ofOwn`. Pure: `now` says which time partitions there are. */
export function upstreamPartitions(
  dep: DepWithMapping,
  { assets }: Pick<Definitions, 'assets'>,
  ofOwn: PartitionsDefinition | undefined,
  own: string | undefined,
  now: Date,
): UpstreamPartitions {
  const theirs = assets.get(keyText(dep.key))?.partitions
  if (theirs === undefined) return { one: undefined }
  const { mapping } = dep
  switch (mapping.kind) {
    case 'default':
    case 'identity':
      return { one: own }
    case 'last':
      return { one: partitionKeys(theirs, now).at(-1) }
    case 'all':
      return { many: partitionKeys(theirs, now) }
    case 'specific':
      return { many: mapping.partitionKeys }
    case 'static':
      return {
        many: Object.entries(mapping.downstreamByUpstream).flatMap(([upstream, downstream]) =>
          downstream.includes(own ?? '') ? [upstream] : [],
        ),
      }
    case 'time_window':
      return {
        many: windowKeys(theirs as TimePartitions, ofOwn as TimePartitions, own ?? '', mapping.startOffset, mapping.endOffset, now),
      }
    case 'multi_to_single':
      return { many: acrossDimensions(theirs, ofOwn, own ?? '', mapping.dimension, now) }
  }
}

function windowKeys(
  theirs: TimePartitions,
  ofOwn: TimePartitions,
  own: string,
  startOffset: number,
  endOffset: number,
  now: Date,
): string[] {
  const windows = timeWindows(ofOwn, now)
  const at = windows.findIndex((window) => window.key === own)
  const first = windows[Math.max(0, at + startOffset)]
  const last = windows[Math.min(windows.length - 1, at + endOffset)]
  if (at < 0 || first === undefined || last === undefined) return []
  return timeWindows(theirs, now)
    .filter((window) => window.start >= first.start && window.start < last.end)
    .map((window) => window.key)
}

function acrossDimensions(
  theirs: PartitionsDefinition,
  ofOwn: PartitionsDefinition | undefined,
  own: string,
  named: string | null,
  now: Date,
): string[] {
  const multi = theirs.kind === 'multi' ? theirs : ofOwn
  const single = theirs.kind === 'multi' ? ofOwn : theirs
  if (multi?.kind !== 'multi') return [own]
  const names = Object.keys(multi.dimensions).sort()
  const dimension = named ?? names.find((name) => JSON.stringify(multi.dimensions[name]) === JSON.stringify(single)) ?? names[0] ?? ''
  const index = names.indexOf(dimension)
  if (theirs.kind !== 'multi') return [own.split('|')[index] ?? own]
  return partitionKeys(theirs, now).filter((key) => key.split('|')[index] === own)
}
