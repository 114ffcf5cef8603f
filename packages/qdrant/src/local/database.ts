import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { load } from 'sqlite-vec'
import type { Distance } from '../wire.ts'
import type { Matcher } from './matcher.ts'
import { Refusal } from './refusal.ts'

/** A collection as it is kept. */
export interface LocalCollection {
  /** Never used again; part of the names of its tables. */
  readonly number: number
  readonly size: number
  readonly distance: Distance
}

/** Schema that this version writes and reads. */
const schema = 1

/**
 * The database of the local store: one file, safe for several processes concurrently (WAL; a writer waits up to 10 s for another). A vectors table beside
 * each points table keeps the exact search from reading payloads.
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
    const row = this.statement('SELECT number, size, distance FROM collections WHERE name = ?').get(name)
    if (row === undefined)
      throw new Refusal(404, `collection "${name}" does not exist`, 'Create it with ensureCollection(), or check its name.')
    return { number: Number(row['number']), size: Number(row['size']), distance: row['distance'] as Distance }
  }

  /** Makes a collection. @throws Refusal with status 409 when there is one of that name. */
  createCollection(name: string, size: number, distance: Distance): void {
    if (this.statement('SELECT 1 FROM collections WHERE name = ?').get(name) !== undefined)
      throw new Refusal(409, `collection "${name}" exists`)
    const { lastInsertRowid } = this.statement('INSERT INTO collections (name, size, distance) VALUES (?, ?, ?)').run(name, size, distance)
    this.#db.exec(`
      CREATE TABLE points_${lastInsertRowid} (seq INTEGER PRIMARY KEY, id ANY NOT NULL UNIQUE, payload TEXT) STRICT;
      CREATE TABLE vectors_${lastInsertRowid} (seq INTEGER PRIMARY KEY, vector BLOB NOT NULL, norm REAL NOT NULL) STRICT;
    `)
  }

  /** Removes a collection; false when there is none of that name. */
  dropCollection(name: string): boolean {
    const row = this.statement('DELETE FROM collections WHERE name = ? RETURNING number').get(name)
    if (row === undefined) return false
    this.#statements.clear()
    this.#db.exec(`DROP TABLE points_${row['number']}; DROP TABLE vectors_${row['number']};`)
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
    this.#db.exec(`
      CREATE TABLE IF NOT EXISTS collections (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, distance TEXT NOT NULL) STRICT;
      PRAGMA user_version = ${schema};
    `)
  }
}
