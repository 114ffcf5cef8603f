import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mapped } from '../assets/asset-spec.ts'
import { externalAsset } from '../assets/external-asset.ts'
import { definitions } from '../definitions.ts'
import { PartitionMapping } from './partition-mapping.ts'
import {
  dailyPartitions,
  hourlyPartitions,
  multiPartitions,
  type PartitionsDefinition,
  staticPartitions,
  weeklyPartitions,
} from './partitions.ts'
import { upstreamPartitions } from './upstream-partitions.ts'

/** What Dagster gives, recorded by scripts/gen-partitions-golden.py. */
const golden = JSON.parse(readFileSync(new URL('./golden-partitions.json', import.meta.url), 'utf8')) as {
  mappings: { mapping: Record<string, unknown>; upstream: string; downstream: string; key: string; keys: string[] }[]
}

const days = dailyPartitions({ start: '2026-01-01', end: '2026-01-11' })
const regions = staticPartitions(['x', 'y'])
const named: Record<string, PartitionsDefinition> = {
  days,
  regions,
  weeks: weeklyPartitions({ start: '2026-01-04', end: '2026-02-01' }),
  hours: hourlyPartitions({ start: '2026-01-01', end: '2026-01-03' }),
  names: staticPartitions(['a', 'b', 'c']),
  multi: multiPartitions({ day: days, region: regions }),
}
const now = new Date('2026-03-01T00:00:00Z')

function mappingOf({
  kind,
  start_offset,
  end_offset,
  partition_keys,
  partition_dimension_name,
}: Record<string, unknown>): PartitionMapping {
  switch (kind) {
    case 'identity':
      return PartitionMapping.identity()
    case 'last':
      return PartitionMapping.last()
    case 'all':
      return PartitionMapping.all()
    case 'specific':
      return PartitionMapping.specific(partition_keys as string[])
    case 'static':
      return PartitionMapping.static({ a: 'x', b: ['x', 'y'], c: 'y' })
    case 'time_window':
      return PartitionMapping.timeWindow({ startOffset: Number(start_offset), endOffset: Number(end_offset) })
    default:
      return PartitionMapping.multiToSingle(String(partition_dimension_name))
  }
}

test.each(golden.mappings)(
  'leads to the partitions that Dagster gives: $mapping.kind from $upstream to $downstream at $key',
  ({ mapping, upstream, downstream, key, keys }) => {
    const from = externalAsset({ key: 'upstream', ...(named[upstream] && { partitions: named[upstream] }) })
    const found = upstreamPartitions(mapped(from, mappingOf(mapping)), definitions({ assets: [from] }), named[downstream], key, now)
    expect([...('many' in found ? found.many : [found.one])].sort()).toEqual(keys)
  },
)
