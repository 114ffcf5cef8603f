import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openTelemetry } from '@dagma/opentelemetry'
import { asset, definitions, type Metadata, MetadataValue, materialize, materializeResult, memoryIOManager, secret } from 'dagma'
import { type Instrument, traceOperation } from 'dagma/author'
import { normalize } from '../../packages/dagma/dist/metadata/normalize.js'
import { redact } from '../../packages/dagma/dist/metadata/redaction/redact.js'
import { gateMetadata } from '../../packages/dagma/dist/runtime/gate/exit-gate.js'
import { median } from './figures.ts'

const facts = { eventType: 'materialization', retryCount: 0, latencyMs: 12.345, sizeBytes: 4096, traceUrls: {} } as const

/** Such as an asset of the example project tells. */
const metadata: Metadata = {
  points_count: 1234,
  collection: 'dagma_docs',
  backend: 'qdrant',
  operation: 'upsert points',
  qdrant_collection_url: MetadataValue.url('https://qdrant.example.org:6333/collections/dagma_docs'),
  qdrant_dashboard_url: MetadataValue.url('https://qdrant.example.org:6333/dashboard#/collections/dagma_docs'),
  preview: MetadataValue.json(Array.from({ length: 10 }, (_, n) => ({ id: n, share: n / 7, name: `item ${n}` }))),
}

/** Normalize → observe → redact of one materialization, in microseconds: the median of 50 rounds. */
export function perMaterialization(): number {
  for (let n = 0; n < 10; n++) {
    process.env[`DAGMA_BENCH_SECRET_${n}`] = `bench-secret-value-${n}`
    secret(`DAGMA_BENCH_SECRET_${n}`)
  }
  const rounds: number[] = []
  for (let round = 0; round < 60; round++) {
    const start = performance.now()
    for (let n = 0; n < 1_000; n++) gateMetadata(normalize(metadata), facts)
    rounds.push(performance.now() - start) // ms for 1,000 is µs for one
  }
  const microseconds = median(rounds.slice(10))
  console.log(`normalize → observe → redact, 7 entries, 10 secrets: ${microseconds.toFixed(1)} µs a materialization (to stay below 50)`)
  return microseconds
}

/** Printed lines of 100 characters; the first is what most are like. */
const printed = {
  'a line': '2026-11-28T00:33:39.123Z INFO  step "embed_texts" of run 3f2a wrote 1,240 rows to the collection docs',
  'a line of JSON': '{"level":"info","time":1764290019123,"run":"3f2a9b","step":"embed_texts","rows":1240,"msg":"wrote rows"}',
  'a bearer token': 'GET https://api.example.com/v1/things with authorization: Bearer abcdefghijklmnop0123456789 took 12 ms',
  'a signed URL': 'GET https://bucket.s3.amazonaws.com/key.txt?X-Amz-Date=20260101&X-Amz-Signature=abcdef0123456789 -> 200',
} as const

/** Printed lines, with the same secrets, in microseconds: of each the median of 50 rounds. Gives that of the first. */
export function perLine(): number {
  const took = Object.entries(printed).map(([name, line]) => {
    const rounds: number[] = []
    for (let round = 0; round < 60; round++) {
      const start = performance.now()
      for (let n = 0; n < 1_000; n++) redact(line)
      rounds.push(performance.now() - start)
    }
    const microseconds = median(rounds.slice(10))
    console.log(`redact, ${name} of ${line.length} characters, 10 secrets: ${microseconds.toFixed(1)} µs`)
    return microseconds
  })
  console.log('(the first to stay below 5)')
  return took[0] ?? Number.NaN
}

const count = 2_000

/** A run of trivial assets, followed by nobody, by `openTelemetry()` that is off, and by one that is on: side by side, three times. */
export async function perRun(folder: string): Promise<void> {
  const collector = spawn(process.execPath, [fileURLToPath(new URL('collector.mjs', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [port] = (await once(createInterface({ input: collector.stdout }), 'line')) as [string]
  const endpoint = `http://127.0.0.1:${port}`
  const kinds = {
    'no instrument': undefined,
    'OpenTelemetry off': openTelemetry({ traces: 'none', metrics: 'none' }),
    'OpenTelemetry on': openTelemetry({ endpoint }),
  }
  const took = new Map<string, number[]>(Object.keys(kinds).map((name) => [name, []]))
  for (let repeat = 0; repeat < 4; repeat++)
    for (const [name, instrument] of Object.entries(kinds)) {
      const milliseconds = await runOf(instrument, folder)
      if (repeat > 0) took.get(name)?.push(milliseconds)
    }
  await perOperation(folder, endpoint)
  collector.stdin.end()
  const base = median(took.get('no instrument') ?? [])
  for (const [name, figures] of took) {
    const each = ((median(figures) - base) / count) * 1_000
    console.log(
      `${count} materializations, ${name.padEnd(17)}: ${median(figures).toFixed(0)} ms, ${each >= 0 ? '+' : ''}${each.toFixed(1)} µs each`,
    )
  }
}

const operations = 20_000

/** A step's retrievals, each a span: followed by nobody, without texts, and with their beginnings. To stay below 60 µs a span. */
async function perOperation(folder: string, endpoint: string): Promise<void> {
  const instruments = {
    'no instrument': undefined,
    'spans without texts': openTelemetry({ endpoint, metrics: 'none' }),
    'spans with summaries': openTelemetry({ endpoint, metrics: 'none', content: 'summary' }),
  }
  const passages = Array.from({ length: 5 }, (_, n) => `passage ${n}: ${'a word of it '.repeat(40)}`)
  const documents = passages.map((_, n) => ({ id: `p${n}`, score: n / 7 }))
  const operation = {
    kind: 'retrieval',
    name: 'find pages',
    system: 'wiki',
    facts: { limit: 5 },
    input: () => ({ question: 'Which?' }),
  } as const
  let base = 0
  for (const [name, instrument] of Object.entries(instruments)) {
    let microseconds = 0
    const searched = asset({
      key: 'searched',
      run: async () => {
        const search = () =>
          traceOperation(
            operation,
            async () => passages,
            () => ({ documents, output: () => passages }),
          )
        for (let n = 0; n < 2_000; n++) await search()
        const start = process.cpuUsage()
        for (let n = 0; n < operations; n++) await search()
        const { user, system } = process.cpuUsage(start)
        microseconds = (user + system) / operations
      },
    })
    const defs = definitions({ assets: [searched], ...(instrument && { instrument }) })
    await materialize(defs, { projectFolder: mkdtempSync(join(folder, 'run-')) })
    base ||= microseconds
    console.log(
      `${operations} retrievals, ${name.padEnd(20)}: ${microseconds.toFixed(1)} µs CPU each (+${(microseconds - base).toFixed(1)})`,
    )
  }
}

async function runOf(instrument: Instrument | undefined, folder: string): Promise<number> {
  const assets = Array.from({ length: count }, (_, n) => asset({ key: `asset_${n}`, run: () => materializeResult(n, { metadata: { n } }) }))
  const defs = definitions({ assets, ioManagers: { default: memoryIOManager() }, ...(instrument && { instrument }) })
  const projectFolder = mkdtempSync(join(folder, 'run-'))
  const start = performance.now()
  const run = await materialize(defs, { projectFolder })
  if (run.status !== 'SUCCESS') throw new Error(`The run ended as ${run.status}.`)
  return performance.now() - start
}
