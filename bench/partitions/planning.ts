import { asset } from '../../packages/dagma/src/definitions/assets/asset.ts'
import { definitions } from '../../packages/dagma/src/definitions/definitions.ts'
import type { PartitionsDefinition } from '../../packages/dagma/src/definitions/partitions/partition-types.ts'
import { hasPartition, hourlyPartitions } from '../../packages/dagma/src/definitions/partitions/partitions.ts'
import { planRun } from '../../packages/dagma/src/engine/plan.ts'

const hourly = (timezone: string) => hourlyPartitions({ start: '2010-01-01', timezone })
const now = new Date()
const key = `${new Date(now.getTime() - 7 * 86_400_000).toISOString().slice(0, 10)}-06:00`

/**
 * Whether a key is one of 140,000, in a definition that nobody has asked before, and then again. The first of all is in UTC, when no code is warm.
 * What Node takes to load its data on time zones, which it does once in a process, is measured by itself.
 */
export function checkKeys(): void {
  for (const timezone of ['UTC', 'Europe/Berlin', 'America/New_York']) {
    const partitions = hourly(timezone)
    if (timezone === 'Europe/Berlin')
      console.log(
        `the first Intl.DateTimeFormat of the process: ${measured(() => new Intl.DateTimeFormat('en', { timeZone: 'Asia/Tokyo' }))}`,
      )
    const first = measured(() => hasPartition(partitions, key, { now }))
    const again = measured(() => {
      for (let count = 0; count < 1000; count++) hasPartition(partitions, key, { now })
    })
    console.log(
      `one key of hourly partitions since 2010 in ${timezone}: the first check ${first}, then ${(again.milliseconds / 1000).toFixed(4)} ms`,
    )
  }
}

/** A chain of 50 assets, each with its own definition of the same partitions. */
export async function planRuns(): Promise<void> {
  for (const timezone of ['UTC', 'Europe/Berlin']) {
    const own = (): PartitionsDefinition => hourly(timezone)
    let last = asset({ key: 'asset_0', partitions: own() as never, run: () => 1 })
    const assets = [last]
    for (let index = 1; index < 50; index++) {
      last = asset({ key: `asset_${index}`, partitions: own() as never, inputs: { last }, run: () => 1 })
      assets.push(last)
    }
    const defs = definitions({ assets })
    const request = { assetKeys: [...defs.assets.keys()], kind: 'materialize', partitionKey: key, config: {} } as const
    for (const attempt of ['the first time', 'again']) {
      const began = performance.now()
      const steps = await planRun(defs, request, { now })
      if (steps.length !== 50) throw new Error(`The plan has ${steps.length} steps.`)
      console.log(
        `plan of 50 assets partitioned hourly since 2010 in ${timezone}, ${attempt}: ${(performance.now() - began).toFixed(1)} ms`,
      )
    }
  }
}

function measured(act: () => unknown): { readonly milliseconds: number; toString(): string } {
  const began = performance.now()
  act()
  const milliseconds = performance.now() - began
  return { milliseconds, toString: () => `${milliseconds.toFixed(3)} ms` }
}
