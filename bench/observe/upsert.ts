import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type QdrantPoint, type QdrantSettings, qdrant } from '@dagma/qdrant'
import { secret } from 'dagma'
import { openLocalWire } from '../../packages/qdrant/dist/local/local-wire.js'
import { median, timed } from './figures.ts'

const count = 20_000
const dimensions = 384
const repeats = 5
const batch = 256
const { signal } = new AbortController()
const quiet = () => {}
const log = { debug: quiet, info: quiet, warning: quiet, error: quiet, critical: quiet }
const storage = { load: async () => undefined, store: async () => {} }

/** 20,000 vectors through the resource, over the bare local store; and over bare requests to a server when `QDRANT_URL` names one. */
export async function upsertOverhead(folder: string): Promise<void> {
  const points = Array.from({ length: count }, (_, n): QdrantPoint & { id: string } => ({
    id: uuidOf(n),
    vector: Array.from({ length: dimensions }, () => Math.random() - 0.5),
    payload: { text: `passage ${n}`, n },
  }))
  const took = { sqlite: [] as number[], store: [] as number[], resource: [] as number[] }
  for (let repeat = 0; repeat < repeats; repeat++) {
    took.sqlite.push(await timed(() => intoSqlite(mkdtempSync(join(folder, 'sqlite-')), points)))
    took.store.push(await intoStore(mkdtempSync(join(folder, 'store-')), points))
    took.resource.push(await throughResource({ collection: 'bench' }, mkdtempSync(join(folder, 'resource-')), points))
  }
  const [sqlite, store, resource] = [median(took.sqlite), median(took.store), median(took.resource)]
  const what = `${count} vectors of ${dimensions} dimensions`
  console.log(`${what}, the same rows by node:sqlite     : ${sqlite.toFixed(0)} ms`)
  console.log(`${what}, bare local store                 : ${store.toFixed(0)} ms`)
  console.log(`${what}, through the resource             : ${resource.toFixed(0)} ms, ${(resource - store).toFixed(0)} ms over the store`)
  await overServer(points, folder)
}

function intoSqlite(folder: string, points: readonly (QdrantPoint & { id: string })[]): void {
  mkdirSync(folder, { recursive: true })
  using db = new DatabaseSync(join(folder, 'bare.db'))
  db.exec('PRAGMA page_size = 32768; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536')
  db.exec('CREATE TABLE points (seq INTEGER PRIMARY KEY, id ANY NOT NULL UNIQUE, payload TEXT) STRICT')
  db.exec('CREATE TABLE vectors (seq INTEGER PRIMARY KEY, vector BLOB NOT NULL) STRICT')
  const insertPoint = db.prepare('INSERT INTO points (id, payload) VALUES (?, ?)')
  const insertVector = db.prepare('INSERT INTO vectors (seq, vector) VALUES (?, ?)')
  db.exec('BEGIN')
  for (const { id, vector, payload } of points) {
    const { lastInsertRowid } = insertPoint.run(id, JSON.stringify(payload))
    insertVector.run(lastInsertRowid, new Uint8Array(new Float32Array(vector).buffer))
  }
  db.exec('COMMIT')
}

async function intoStore(folder: string, points: readonly QdrantPoint[]): Promise<number> {
  const store = openLocalWire(folder, signal)
  await store.json({
    operation: 'create',
    method: 'PUT',
    path: 'collections/bench',
    json: { vectors: { size: dimensions, distance: 'Cosine' } },
  })
  const took = await timed(() => inBatches(points, (some) => store.json(upsertCall('bench', some))))
  store.close()
  return took
}

async function throughResource(settings: QdrantSettings, projectFolder: string, points: readonly QdrantPoint[]): Promise<number> {
  const { client, close } = await qdrant(settings).open({ runId: randomUUID(), projectFolder, log, signal, storage })
  await client.ensureCollection({ size: dimensions })
  const took = await timed(() => client.upsert(points))
  await close()
  return took
}

async function overServer(points: readonly QdrantPoint[], folder: string): Promise<void> {
  const url = process.env.QDRANT_URL
  if (!url) return console.log('over bare requests to a Qdrant server: not measured, QDRANT_URL is not set')
  const collection = `dagma-bench-${randomUUID()}`
  const apiKey = secret('QDRANT_API_KEY')
  const headers = { 'content-type': 'application/json', ...(apiKey.isSet && { 'api-key': apiKey.reveal() }) }
  const resource = await throughResource({ collection, url, apiKey }, folder, points)
  const bare = await timed(() =>
    inBatches(points, async (some) => {
      const { path, json } = upsertCall(collection, some)
      const answer = await fetch(`${url}/${path}?wait=true`, { method: 'PUT', headers, body: JSON.stringify(json) })
      if (!answer.ok) throw new Error(`The server answered ${answer.status}.`)
      await answer.arrayBuffer()
    }),
  )
  await fetch(`${url}/collections/${collection}`, { method: 'DELETE', headers })
  console.log(`to a Qdrant server: bare requests ${bare.toFixed(0)} ms, through the resource ${resource.toFixed(0)} ms`)
}

async function inBatches(points: readonly QdrantPoint[], send: (some: readonly QdrantPoint[]) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < points.length; from += batch) await send(points.slice(from, from + batch))
}

function upsertCall(collection: string, points: readonly QdrantPoint[]) {
  return { operation: 'upsert points', method: 'PUT', path: `collections/${collection}/points`, json: { points } } as const
}

/** Always the same ones. */
function uuidOf(n: number): string {
  const hex = createHash('sha256').update(String(n)).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
