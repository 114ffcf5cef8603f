import type { Definitions } from '../model.ts'
import type { PartitionsDefinition } from './partition-types.ts'

/** Names of the dynamic partitions that assets have. */
export function dynamicNames({ assets }: Pick<Definitions, 'assets'>): string[] {
  const names = (partitions: PartitionsDefinition): string[] =>
    partitions.kind === 'dynamic'
      ? [partitions.name]
      : partitions.kind === 'multi'
        ? Object.values(partitions.dimensions).flatMap(names)
        : []
  return [...new Set([...assets.values()].flatMap(({ partitions }) => (partitions === undefined ? [] : names(partitions))))]
}
