/**
 * `items()` beside a plain loop: 20,000 points into Qdrant's local backend, the same batches one after the other. `npm run bench -- items`.
 * The rounds of both alternate, and the ratio is that of the medians. Figure to beat: 1.05.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Qdrant, qdrant } from '@dagma/qdrant'
import { asset, definitions, materialize } from 'dagma'

const rounds = 10
const size = 384
const batch = 100
const rows = Array.from({ length: 20_000 }, (_, id) => id)

/** Measures, and prints. */
export async function main(): Promise<number> {
  const took = { loop: [] as number[], items: [] as number[] }
  for (let round = 0; round <= rounds; round++) {
    // Each leaves the other its garbage: they take turns in going first.
    for (const form of round % 2 === 0 ? (['loop', 'items'] as const) : (['items', 'loop'] as const)) {
      const cpu = await measured(form)
      if (round > 0) took[form].push(cpu) // the first warms up
    }
  }
  const [loop, items] = [median(took.loop), median(took.items)]
  console.log(`plain loop ${loop.toFixed(0)} ms, items() ${items.toFixed(0)} ms of CPU; ratio ${(items / loop).toFixed(3)}`)
  return 0
}

/** CPU time of the loop alone, in milliseconds. */
async function measured(form: 'loop' | 'items'): Promise<number> {
  const projectFolder = mkdtempSync(join(tmpdir(), 'dagma-bench-items-'))
  let cpu = 0
  const loaded = asset({
    key: 'loaded',
    resources: { qdrant },
    run: async ({ items, resources }) => {
      await resources.qdrant.ensureCollection({ size })
      const before = process.cpuUsage()
      if (form === 'items') await items(rows, { key: String, batch, concurrency: 1 }, (some) => load(resources.qdrant, some))
      else for (let start = 0; start < rows.length; start += batch) await load(resources.qdrant, rows.slice(start, start + batch))
      const { user, system } = process.cpuUsage(before)
      cpu = (user + system) / 1000
    },
  })
  const project = definitions({ assets: [loaded], resources: { qdrant: qdrant({ collection: 'rows' }) } })
  try {
    const { status } = await materialize(project, { projectFolder })
    if (status !== 'SUCCESS') throw new Error(`The run ended as ${status}.`)
    return cpu
  } finally {
    rmSync(projectFolder, { recursive: true })
  }
}

async function load(client: Qdrant, ids: readonly number[]): Promise<void> {
  await client.upsert(
    ids.map((id) => ({ id, vector: Array.from({ length: size }, (_, index) => ((id * 31 + index) % 97) / 97), payload: { id } })),
  )
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}
