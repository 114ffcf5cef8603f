// Times the local store: node packages/qdrant/bench/local-store.mjs, after a build.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { qdrant } from '../dist/index.js'

const count = 20_000
const dimensions = 384
const projectFolder = mkdtempSync(join(tmpdir(), 'dagma-qdrant-bench-'))
const log = Object.fromEntries(['debug', 'info', 'warning', 'error', 'critical'].map((level) => [level, console.error]))
const { client, close } = await qdrant({ collection: 'bench' }).open({
  runId: 'bench',
  projectFolder,
  log,
  signal: new AbortController().signal,
})

const text = 'A passage of some hundred characters. '.repeat(12)
const points = Array.from({ length: count }, (_, n) => ({
  id: `doc-${n}`,
  vector: Array.from({ length: dimensions }, () => Math.random() - 0.5),
  payload: { text, n },
}))

async function timed(name, times, work) {
  const took = []
  for (let i = 0; i < times; i += 1) {
    const start = performance.now()
    await work()
    took.push(performance.now() - start)
  }
  console.log(`${name}: ${took.sort((a, b) => a - b)[times >> 1].toFixed(1)} ms (median of ${times})`)
}

await client.ensureCollection({ size: dimensions })
await timed(`upsert of ${count} points`, 1, () => client.upsert(points))
await timed('top 10', 20, () => client.query({ vector: points[7].vector }))
await timed('top 10 of a fortieth', 20, () =>
  client.query({ vector: points[7].vector, filter: { must: { key: 'n', range: { lt: count / 40 } } } }),
)
await timed('count with a filter', 20, () => client.count({ filter: { must: { key: 'n', range: { lt: count / 40 } } } }))
await close()
rmSync(projectFolder, { recursive: true, force: true })
