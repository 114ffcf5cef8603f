import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { type DagsterCases, differences } from '../../packages/dagma/src/test/dagster-cases.ts'

/** Cases of each kind that one process of Python makes: more would not fit into one text. */
const batch = 2000

/**
 * Compares random partitions, mappings, ticks of schedules and schedules for partitions with those of a Python's Dagster, and prints what differs.
 * Gives how many do.
 * `packages/dagma/src/test/dagster-cases.ts` lists what may differ, with the reasons.
 */
export function comparePartitions(python: string, seed: number, cases: number): number {
  let count = 0
  for (let done = 0; done < cases; done += batch) {
    const size = Math.min(batch, cases - done)
    const text = execFileSync(python, [join(import.meta.dirname, 'partitions.py'), String(seed + done), String(size)], {
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    })
    const found = differences(JSON.parse(text) as DagsterCases)
    for (const { kind, of, dagster, dagma } of found) {
      const { offsets: _, ...shown } = of
      console.log(`${kind} ${JSON.stringify(shown)}\n  Dagster ${JSON.stringify(dagster)}\n  Dagma   ${JSON.stringify(dagma)}`)
    }
    count += found.length
  }
  console.log(`partitions, mappings, ticks and schedules: ${count} differences in ${cases} cases of each`)
  return count
}
