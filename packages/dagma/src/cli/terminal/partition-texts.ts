import type { PartitionsDefinition } from '../../definitions/partitions/partition-types.ts'
import { countStates, type PartitionState, type PartitionStatus } from '../../engine/partition-status.ts'
import { styleText } from './style-text.ts'

const barWidth = 50

/** `27 materialized, 2 missing, 1 failed`, without what there is none of. */
export function countsText(status: PartitionStatus): string {
  const counts = Object.entries(countStates(status)).filter(([, count]) => count > 0)
  return counts.length === 0 ? 'no partitions yet' : counts.map(([state, count]) => `${count} ${state}`).join(', ')
}

/** A bar of the partitions in order, at most 50 characters wide: `█` materialized, `░` missing, `▒` partly materialized, `✗` where one failed. */
export function statusBar({ states }: PartitionStatus): string {
  const all = [...states.values()]
  const width = Math.min(barWidth, all.length)
  const cell = (index: number): string =>
    cellText(all.slice(Math.floor((index * all.length) / width), Math.floor(((index + 1) * all.length) / width)))
  return Array.from({ length: width }, (_, index) => cell(index)).join('')
}

function cellText(states: readonly PartitionState[]): string {
  if (states.includes('failed')) return styleText('red', '✗')
  const materialized = states.filter((state) => state === 'materialized').length
  if (materialized === states.length) return styleText('green', '█')
  return materialized === 0 ? styleText('dim', '░') : styleText('yellow', '▒')
}

/** The kind of partitions in a few words: `daily`, `0 6,18 * * *`, `day × region`. */
export function partitionsText(partitions: PartitionsDefinition): string {
  if (partitions.kind === 'multi') return Object.keys(partitions.dimensions).join(' × ')
  return partitions.kind === 'time_window' ? partitions.cronSchedule : partitions.kind
}
