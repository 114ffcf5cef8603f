/**
 * Compares random partitions, mappings and schedules with the real Dagster of `.venv`: `node scripts/compare-dagster.ts [SEED] [CASES]`.
 * A seed gives the same cases again; without one, each call has its own. `packages/dagma/src/test/dagster-cases.ts` lists what may differ.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { type DagsterCases, differences } from '../packages/dagma/src/test/dagster-cases.ts'

const [seed = String(Math.floor(Math.random() * 1e6)), size = '2000'] = process.argv.slice(2)
const root = join(import.meta.dirname, '..')
console.log(`seed ${seed}, ${size} cases of each kind`)
const printed = execFileSync(join(root, '.venv', 'bin', 'python'), [join(root, 'scripts', 'dagster-cases.py'), seed, size], {
  encoding: 'utf8',
  maxBuffer: 2 ** 30,
})
const found = differences(JSON.parse(printed) as DagsterCases)
for (const { kind, of, dagster, dagma } of found) {
  const { offsets: _, ...shown } = of
  console.log(`${kind} ${JSON.stringify(shown)}\n  Dagster ${JSON.stringify(dagster)}\n  Dagma   ${JSON.stringify(dagma)}`)
}
console.log(`${found.length} differences`)
process.exitCode = found.length === 0 ? 0 : 1
