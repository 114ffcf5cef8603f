import type { DatabaseSync } from 'node:sqlite'
import { dagmaError } from '../errors.ts'
import { isBusy } from './event-log-failure.ts'

const version = 3

const indexesOfVersion2 = `
  CREATE UNIQUE INDEX runs_in_order ON runs (ordinal);
  CREATE INDEX retries_of_run ON runs (parent_run_id) WHERE parent_run_id IS NOT NULL;
  CREATE INDEX materializations_of_partition ON events (asset, partition, id) WHERE type = 'ASSET_MATERIALIZATION';
`

/** Dynamic partitions, in the order in which they were added. */
const createDynamicPartitions = `
  CREATE TABLE dynamic_partitions (id INTEGER PRIMARY KEY, name TEXT NOT NULL, partition TEXT NOT NULL, UNIQUE (name, partition)) STRICT;
`

/**
 * `ordinal` says in which order runs were recorded, whatever the clock said. Fields that queries look for are columns; the rest is in `body`.
 */
const create = `
  CREATE TABLE runs (
    run_id TEXT PRIMARY KEY, status TEXT NOT NULL, owner TEXT NOT NULL, start_time REAL NOT NULL, end_time REAL, body TEXT NOT NULL,
    ordinal INTEGER, parent_run_id TEXT
  ) STRICT;
  CREATE TABLE events (
    id INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES runs, time REAL NOT NULL, type TEXT NOT NULL, asset TEXT, body TEXT NOT NULL,
    partition TEXT
  ) STRICT;
  CREATE INDEX events_of_run ON events (run_id, id);
  CREATE INDEX materializations_of_asset ON events (asset, id) WHERE type = 'ASSET_MATERIALIZATION';
  CREATE INDEX runs_on_their_way ON runs (run_id) WHERE status = 'STARTED';
  ${indexesOfVersion2}
  ${createDynamicPartitions}
`

/** From each version to the next. A row whose JSON is damaged stays as it is. */
const migrations: Readonly<Record<number, string>> = {
  1: `
    ALTER TABLE runs ADD COLUMN ordinal INTEGER;
    ALTER TABLE runs ADD COLUMN parent_run_id TEXT;
    ALTER TABLE events ADD COLUMN partition TEXT;
    UPDATE runs SET ordinal = rowid, parent_run_id = iif(json_valid(body), body ->> '$.parentRunId', NULL);
    UPDATE events SET partition = body ->> '$.partition' WHERE asset IS NOT NULL AND json_valid(body);
    ${indexesOfVersion2}
  `,
  2: createDynamicPartitions,
}

/** Creates the tables of a new event log, or brings those of an older version up to date. @throws DAGMA_EVENT_LOG_NEWER */
export function migrate(db: DatabaseSync, file: string): void {
  const found = (): number => Number(db.prepare('PRAGMA user_version').get()?.user_version)
  if (found() > version) throw dagmaError('DAGMA_EVENT_LOG_NEWER', { file, found: found(), known: version })
  if (found() === version) return
  db.exec('BEGIN IMMEDIATE')
  try {
    const before = found() // another process may have been faster
    if (before === 0) db.exec(create)
    else for (let from = before; from < version; from++) db.exec(migrations[from] ?? '')
    db.exec(`PRAGMA user_version = ${version}`)
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/**
 * Puts a log in write-ahead mode, where its creator left it. A new one is put there by whoever is first; SQLite does not let the others wait for
 * that, and says at once that the database is locked; `patienceMs` says for how long they do.
 */
export function writeAhead(db: DatabaseSync, patienceMs: number): void {
  for (const deadline = Date.now() + patienceMs; ; ) {
    try {
      db.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (!isBusy(error) || Date.now() > deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}
