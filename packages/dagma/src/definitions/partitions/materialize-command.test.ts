import { expect, test } from 'vitest'
import { materializeCommand } from './materialize-command.ts'
import type { PartitionsDefinition } from './partition-types.ts'
import { dailyPartitions, dynamicPartitions, multiPartitions, staticPartitions } from './partitions.ts'

const at = { now: new Date('2026-03-01T00:00:00Z') }
const days = dailyPartitions({ start: '2026-01-01', end: '2026-02-01' })
const regions = staticPartitions(['north', 'south', 'west side'])

test.each<[string, PartitionsDefinition | undefined, string[], string]>([
  ['no partitions', undefined, [], ''],
  ['an unknown partition', days, [], ' --partition <key>'],
  ['one', days, ['2026-01-02'], ' --partition 2026-01-02'],
  ['all without gaps', days, ['2026-01-02', '2026-01-03', '2026-01-04'], ' --partition-range 2026-01-02...2026-01-04'],
  [
    'gaps',
    days,
    ['2026-01-02', '2026-01-03', '2026-01-05', '2026-01-07', '2026-01-08'],
    ' --partition-range 2026-01-02...2026-01-03 --partition-range 2026-01-05 --partition-range 2026-01-07...2026-01-08',
  ],
  ['another order', days, ['2026-01-03', '2026-01-02'], ' --partition-range 2026-01-03 --partition-range 2026-01-02'],
  ['keys to quote', regions, ['south', 'west side'], " --partition-range 'south...west side'"],
  ['two dimensions', multiPartitions({ day: days, region: regions }), ['2026-01-02|north'], " --partition '2026-01-02|north'"],
  [
    'a corner of two dimensions',
    multiPartitions({ day: days, region: regions }),
    ['2026-01-02|south', '2026-01-02|west side', '2026-01-03|north'],
    " --partition-range '2026-01-02|south...2026-01-02|west side' --partition-range '2026-01-03|north'",
  ],
  ['keys that only Dagster knows', dynamicPartitions('customers'), ['ada', 'bob'], ' --partition-range ada --partition-range bob'],
])('%s', (_what, partitions, keys, options) => {
  expect(materializeCommand(['a'], partitions, keys, at)).toBe(`dagma asset materialize --select a${options}`)
})
