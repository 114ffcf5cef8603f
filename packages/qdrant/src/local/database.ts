import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { load } from 'sqlite-vec'
import type { Distance } from '../wire.ts'
import type { Matcher } from './matcher.ts'
import { Refusal } from './refusal.ts'

/** Dense vectors of one name, and the table that they are in. */
export interface DenseVectors {
  readonly kind: 'dense'
  readonly table: string
  readonly size: number
  readonly distance: Distance
}

/** Sparse vectors of one name. `table` has them whole, `postings` by their indices: an inverted index. */
export interface SparseVectors {
  readonly kind: 'sparse'
  readonly table: string
  readonly postings: string
  readonly modifier: 'idf' | undefined
}

/** A collection as it is kept. */
export interface LocalCollection {
  /** Its table of points. */
  readonly points: string
  /** By name; an unnamed vector has the name "". */
  readonly vectors: ReadonlyMap<string, DenseVectors | SparseVectors>
  readonly payloadIndexes: ReadonlyMap<string, string>
}

/** Vectors of a collection that is to be made. */
export type NewVectors = Omit<DenseVectors, 'table'> | Omit<SparseVectors, 'table' | 'postings'>

/** Schema that this version writes and reads. */
const schema = 2

/**
 * The database of the local store: one file, safe for several processes concurrently (WAL; a writer waits up to 10 s for another). Tables for the
 * vectors of each name beside each points table keep the search from reading payloads.
 */
export class LocalDatabase {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  #matcher: Matcher = () => true

  /** Opens the file, and makes it when it is missing. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#db = new DatabaseSync(join(folder, 'store.db'), { allowExtension: true, timeout: 10_000 })
    load(this.#db)
    this.#db.enableLoadExtension(false)
    // Large pages keep a vector on one page, and 64 MiB of them in memory: the search takes two thirds of the time. Only a new file takes a page size.
    this.#db.exec('PRAGMA page_size = 32768; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536')
    this.#db.function('matches', (id, payload) =>
      this.#matcher(id as number | string, payload === null ? {} : JSON.parse(String(payload))) ? 1 : 0,
    )
    this.transaction('IMMEDIATE', () => this.#migrate())
  }

  /** Runs `work` in one transaction; DEFERRED to read, IMMEDIATE to write. */
  transaction<Result>(kind: 'DEFERRED' | 'IMMEDIATE', work: () => Result): Result {
    this.#db.exec(`BEGIN ${kind}`)
    try {
      const result = work()
      this.#db.exec('COMMIT')
      return result
    } catch (error) {
      // SQLite has rolled back by itself after some failures, such as a full disk.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  /** The statement of this SQL, prepared once. Its function `matches(id, payload)` is the matcher of {@link withMatcher}. */
  statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const made = this.#db.prepare(sql)
    this.#statements.set(sql, made)
    return made
  }

  /** Runs `work`, in whose SQL `matches(id, payload)` is this matcher. */
  withMatcher<Result>(matcher: Matcher, work: () => Result): Result {
    this.#matcher = matcher
    return work()
  }

  /** The collection of that name. @throws Refusal with status 404 when there is none. */
  collection(name: string): LocalCollection {
    const number = this.#number(name)
    const vectors = this.statement('SELECT name, slot, size, distance, modifier FROM vectors WHERE collection = ? ORDER BY slot').all(
      number,
    )
    const indexes = this.statement('SELECT key, type FROM payload_indexes WHERE collection = ? ORDER BY key').all(number)
    return {
      points: `points_${number}`,
      vectors: new Map(vectors.map((row) => [String(row['name']), keptVectors(`${number}_${row['slot']}`, row)])),
      payloadIndexes: new Map(indexes.map((row) => [String(row['key']), String(row['type'])])),
    }
  }

  /** Makes a collection. @throws Refusal with status 409 when there is one of that name. */
  createCollection(name: string, vectors: ReadonlyMap<string, NewVectors>): void {
    if (this.statement('SELECT 1 FROM collections WHERE name = ?').get(name) !== undefined)
      throw new Refusal(409, `collection "${name}" exists`)
    const number = this.statement('INSERT INTO collections (name) VALUES (?)').run(name).lastInsertRowid
    this.#db.exec(`CREATE TABLE points_${number} (seq INTEGER PRIMARY KEY, id ANY NOT NULL UNIQUE, payload TEXT) STRICT`)
    const insert = this.statement('INSERT INTO vectors (collection, name, slot, size, distance, modifier) VALUES (?, ?, ?, ?, ?, ?)')
    for (const [slot, [vectorName, kind]] of [...vectors].entries()) {
      const suffix = `${number}_${slot}`
      if (kind.kind === 'dense') {
        insert.run(number, vectorName, slot, kind.size, kind.distance, null)
        this.#db.exec(`CREATE TABLE vectors_${suffix} (seq INTEGER PRIMARY KEY, vector BLOB NOT NULL, norm REAL NOT NULL) STRICT`)
      } else {
        insert.run(number, vectorName, slot, null, null, kind.modifier ?? null)
        this.#db.exec(`
          CREATE TABLE vectors_${suffix} (seq INTEGER PRIMARY KEY, indices BLOB NOT NULL, weights BLOB NOT NULL) STRICT;
          CREATE TABLE postings_${suffix} (place INTEGER, seq INTEGER, weight REAL NOT NULL, PRIMARY KEY (place, seq)) STRICT, WITHOUT ROWID;
        `)
      }
    }
  }

  /** Notes a payload index. @throws Refusal with status 404 when there is no collection of that name. */
  createPayloadIndex(name: string, key: string, type: string): void {
    const sql = 'INSERT INTO payload_indexes (collection, key, type) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET type = excluded.type'
    this.statement(sql).run(this.#number(name), key, type)
  }

  /** Removes a collection; false when there is none of that name. */
  dropCollection(name: string): boolean {
    if (this.statement('SELECT 1 FROM collections WHERE name = ?').get(name) === undefined) return false
    const number = this.#number(name)
    const { points, vectors } = this.collection(name)
    const tables = [points, ...[...vectors.values()].flatMap((kept) => (kept.kind === 'dense' ? kept.table : [kept.table, kept.postings]))]
    for (const table of ['vectors', 'payload_indexes']) this.statement(`DELETE FROM ${table} WHERE collection = ?`).run(number)
    this.statement('DELETE FROM collections WHERE number = ?').run(number)
    this.#statements.clear()
    this.#db.exec(tables.map((table) => `DROP TABLE ${table};`).join(''))
    return true
  }

  /** Closes the file. */
  close(): void {
    this.#db.close()
  }

  #migrate(): void {
    const found = Number(this.#db.prepare('PRAGMA user_version').get()?.['user_version'])
    if (found > schema)
      throw new Refusal(
        500,
        `its file has schema ${found}, and this version knows ${schema}`,
        'Use the newer @dagma/qdrant that wrote it, or move the folder .dagma/qdrant-local away.',
      )
    // Numbers of collections are never used again: they are part of the names of tables.
    this.#db.exec(`
      CREATE TABLE IF NOT EXISTS collections (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE) STRICT;
      CREATE TABLE IF NOT EXISTS vectors (collection INTEGER, name TEXT, slot INTEGER NOT NULL, size INTEGER, distance TEXT, modifier TEXT,
        PRIMARY KEY (collection, name)) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS payload_indexes (collection INTEGER, key TEXT, type TEXT NOT NULL,
        PRIMARY KEY (collection, key)) STRICT, WITHOUT ROWID;
    `)
    if (found === 1) this.#nameVectors()
    this.#db.exec(`PRAGMA user_version = ${schema}`)
  }

  /** From schema 1, whose collections had one unnamed vector each. */
  #nameVectors(): void {
    this.#db.exec(`
      INSERT INTO vectors SELECT number, '', 0, size, distance, NULL FROM collections;
      ALTER TABLE collections DROP COLUMN size;
      ALTER TABLE collections DROP COLUMN distance;
    `)
    for (const { number } of this.#db.prepare('SELECT number FROM collections').all())
      this.#db.exec(`ALTER TABLE vectors_${number} RENAME TO vectors_${number}_0`)
  }

  #number(name: string): number {
    const row = this.statement('SELECT number FROM collections WHERE name = ?').get(name)
    if (row !== undefined) return Number(row['number'])
    throw new Refusal(404, `collection "${name}" does not exist`, 'Create it with ensureCollection(), or check its name.')
  }
}

function keptVectors(suffix: string, row: { readonly [column: string]: unknown }): DenseVectors | SparseVectors {
  const table = `vectors_${suffix}`
  return row['size'] === null
    ? { kind: 'sparse', table, postings: `postings_${suffix}`, modifier: row['modifier'] === 'idf' ? 'idf' : undefined }
    : { kind: 'dense', table, size: Number(row['size']), distance: row['distance'] as Distance }
}
