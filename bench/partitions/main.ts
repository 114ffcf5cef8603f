/**
 * Partitions by the hundred thousand. `npm run bench -- partitions`.
 * Figures to beat: checking one key of hourly partitions since 2010 under 1 ms; planning a run of 50 assets partitioned hourly since 2010 under
 * 50 ms; `dagma partition status` over 100,000 partitions under 2 s.
 */
import { checkKeys, planRuns } from './planning.ts'
import { status } from './status.ts'

/** Measures, and prints. */
export async function main(): Promise<number> {
  checkKeys()
  await planRuns()
  status()
  return 0
}
