import { createHook } from 'node:async_hooks'
import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { ServiceError } from 'dagma/author'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { Distance, QdrantCondition } from '../index.ts'
import { open, temporaryProject } from '../test/open.ts'
import { measures, vectorFor } from './vectors.ts'

const project = temporaryProject()
afterAll(() => project[Symbol.dispose]())

const distances: Distance[] = ['Cosine', 'Dot', 'Euclid', 'Manhattan']

describe('the local store', () => {
  it.each(distances)('finds exactly what comparing all vectors finds: %s', async (distance) => {
    const size = 5
    const vector = fc.array(fc.float({ min: -10, max: 10, noNaN: true }), { minLength: size, maxLength: size })
    const { higherIsNearer, score } = measures[distance]
    await using opened = await open({ collection: `exact-${distance}` }, { projectFolder: project.folder })
    await fc.assert(
      fc.asyncProperty(
        fc.array(vector, { minLength: 1, maxLength: 120 }),
        vector,
        fc.integer({ min: 1, max: 20 }),
        async (vectors, asked, limit) => {
          await opened.client.deleteCollection()
          await opened.client.ensureCollection({ size, distance })
          await opened.client.upsert(vectors.map((vector, id) => ({ id, vector })))
          const found = await opened.client.query({ vector: asked, limit, withPayload: false })
          const of = (vector: number[]) => vectorFor(vector, { size, distance })
          const all = vectors.map((vector) => Math.fround(score(of(asked), of(vector)))).sort((a, b) => (higherIsNearer ? b - a : a - b))
          for (const [at, hit] of found.entries()) {
            expect(Math.abs(hit.score - (all[at] as number))).toBeLessThan(1e-5 * Math.max(1, Math.abs(hit.score)))
          }
          expect(found.length).toBe(Math.min(limit, vectors.length))
        },
      ),
      { numRuns: 30 },
    )
  })

  it('is used by several processes concurrently, from the first moment on', async () => {
    const script = join(import.meta.dirname, '../test/write-points.ts')
    const write = (first: number) => promisify(execFile)(process.execPath, [script, project.folder, String(first), '100'])
    await Promise.all([0, 1000, 2000].map(write))
    await using opened = await open({ collection: 'shared' }, { projectFolder: project.folder })
    expect(await opened.client.count()).toBe(300)
  })

  it('is used by several steps concurrently', async () => {
    await using one = await open({ collection: 'steps' }, { projectFolder: project.folder })
    await using other = await open({ collection: 'steps' }, { projectFolder: project.folder })
    await Promise.all([one.client.ensureCollection({ size: 1 }), other.client.ensureCollection({ size: 1 })])
    const points = (first: number) => Array.from({ length: 3000 }, (_, n) => ({ id: first + n, vector: [1] }))
    await Promise.all([one.client.upsert(points(0)), other.client.upsert(points(10_000))])
    expect(await other.client.count()).toBe(6000)
    await one.client.deleteCollection()
    await expect(other.client.count()).rejects.toThrow(/answered 404/)
  })

  it('opens no socket, and keeps its data in the project', async () => {
    const kinds = new Set<string>()
    const hook = createHook({ init: (_, type) => void kinds.add(type) }).enable()
    using own = temporaryProject()
    {
      await using opened = await open({ collection: 'docs' }, { projectFolder: own.folder })
      await opened.client.ensureCollection({ size: 1 })
      await opened.client.upsert([{ id: 1, vector: [1] }])
      await opened.client.query({ vector: [1] })
      expect(opened.client.links()).toEqual({})
    }
    hook.disable()
    expect([...kinds].filter((kind) => /TCP|TLS|UDP|PIPE|HTTP|DNS|ADDRINFO/i.test(kind))).toEqual([])
    expect(readdirSync(join(own.folder, '.dagma/qdrant-local'))).toEqual(['store.db'])
  })

  it('keeps points from one run to the next', async () => {
    using own = temporaryProject()
    for (const count of [1, 2]) {
      await using opened = await open({ collection: 'docs' }, { projectFolder: own.folder })
      await opened.client.ensureCollection({ size: 1 })
      await opened.client.upsert([{ id: count, vector: [1] }])
      expect(await opened.client.count()).toBe(count)
    }
  })

  it.each<[QdrantCondition, string]>([
    [{ key: 'at', geo_radius: { center: { lon: 0, lat: 0 }, radius: 1 } }, 'filter condition "geo_radius"'],
    [{ key: 'at', values_count: { gt: 1 } }, 'filter condition "values_count"'],
    [{ key: 'text', match: { text: 'words' } }, 'match "text"'],
    [{ key: 'day', range: { gt: '2026-01-01' } }, 'range of dates'],
    [{ nested: { key: 'a', filter: {} } }, 'filter condition "nested"'],
    [{ must: [], min_should: { conditions: [], min_count: 1 } }, 'filter clause "min_should"'],
  ])('refuses by name what only a server has: %j', async (condition, name) => {
    await using opened = await open({ collection: 'refusals' }, { projectFolder: project.folder })
    await opened.client.ensureCollection({ size: 1 })
    const error = await opened.client.count({ filter: { must: [condition] } }).then(
      () => expect.unreachable(),
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(ServiceError)
    expect((error as ServiceError).status).toBe(501)
    expect((error as ServiceError).message).toContain(`the local store has no ${name}. Set the url or host of a Qdrant server`)
  })

  it('throws the reason of the run’s signal when it is canceled', async () => {
    const run = new AbortController()
    await using opened = await open({ collection: 'docs' }, { projectFolder: project.folder, signal: run.signal })
    run.abort(new Error('the run was canceled'))
    await expect(opened.client.count()).rejects.toThrow('the run was canceled')
  })

  it('reads what the first version stored, and adds to it', async () => {
    using own = temporaryProject()
    const folder = join(own.folder, '.dagma/qdrant-local')
    mkdirSync(folder, { recursive: true })
    const db = new DatabaseSync(join(folder, 'store.db'))
    db.exec(`
      CREATE TABLE collections (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, distance TEXT NOT NULL) STRICT;
      PRAGMA user_version = 1;
      INSERT INTO collections VALUES (3, 'docs', 2, 'Dot'), (5, 'empty', 1, 'Euclid');
      CREATE TABLE points_3 (seq INTEGER PRIMARY KEY, id ANY NOT NULL UNIQUE, payload TEXT) STRICT;
      CREATE TABLE vectors_3 (seq INTEGER PRIMARY KEY, vector BLOB NOT NULL, norm REAL NOT NULL) STRICT;
      CREATE TABLE points_5 (seq INTEGER PRIMARY KEY, id ANY NOT NULL UNIQUE, payload TEXT) STRICT;
      CREATE TABLE vectors_5 (seq INTEGER PRIMARY KEY, vector BLOB NOT NULL, norm REAL NOT NULL) STRICT;
      INSERT INTO points_3 VALUES (1, 7, '{"n":1}');
    `)
    db.prepare('INSERT INTO vectors_3 VALUES (1, ?, 5)').run(new Uint8Array(new Float32Array([3, 4]).buffer))
    db.close()
    await using opened = await open({ collection: 'docs' }, { projectFolder: own.folder })
    expect(await opened.client.ensureCollection({ size: 2, distance: 'Dot' })).toEqual({ created: false })
    await opened.client.upsert([{ id: 8, vector: [1, 1] }])
    expect(await opened.client.query({ vector: [1, 0], withVector: true })).toEqual([
      { id: 7, score: 3, payload: { n: 1 }, vector: [3, 4] },
      { id: 8, score: 1, payload: {}, vector: [1, 1] },
    ])
    await using empty = await open({ collection: 'empty' }, { projectFolder: own.folder })
    expect(await empty.client.deleteCollection()).toBe(true)
    expect(await opened.client.count()).toBe(2)
  })

  it('refuses a file of a newer version, and one that is not a database', async () => {
    using newer = temporaryProject()
    const folder = join(newer.folder, '.dagma/qdrant-local')
    mkdirSync(folder, { recursive: true })
    const db = new DatabaseSync(join(folder, 'store.db'))
    db.exec('PRAGMA user_version = 99')
    db.close()
    const opening = (projectFolder: string) =>
      open({ collection: 'docs' }, { projectFolder }).then(
        () => expect.unreachable(),
        (thrown: unknown) => thrown,
      )
    for (const [folder, message] of [
      [newer.folder, /has schema 99, and this version knows 2/],
      ['/dev/null', /open the local store failed/],
    ] as const) {
      const error = await opening(folder)
      expect(error).toBeInstanceOf(ServiceError)
      expect((error as ServiceError).message).toMatch(message)
    }
  })
})
