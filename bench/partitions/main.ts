/**
 * Partitions by the hundred thousand. `npm run bench -- partitions`.
 * Figures to beat: checking one key of hourly partitions since 2010 under 1 ms; planning a run of 50 assets partitioned hourly since 2010 under
 * 50 ms; `dagma partition status` over 100,000 partitions under 2 s; 30 daily partitions of four assets in at most 4 s in Dagster, and 20 times
 * faster than a run each; 10,000 partitions in one run at 500/s in Dagster, 3,000/s embedded.
 * On two shared cores: 0.73 s in Dagster (0.36 s embedded), 16 times faster than a run each without their launches; 475/s, of 517/s that the event
 * store alone makes, and 3,307/s embedded; a whole `dagma partition status` 0.8 s.
 */
import { backfills } from './backfills.ts'
import { checkKeys, planRuns } from './planning.ts'
import { status } from './status.ts'

/** Measures, and prints. */
export async function main(): Promise<number> {
  checkKeys()
  await planRuns()
  status()
  return backfills()
}
