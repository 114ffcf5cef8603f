import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'

/** Which runs may be pruned; a run must meet everything that is set. Runs that are still running never are. */
export interface PruneOptions {
  /** Only runs that ended before this moment, in milliseconds since 1970-01-01 UTC. */
  readonly endedBefore?: number
  /** The newest runs, as many as this number, are kept. */
  readonly keepNewest?: number
  /** Only runs whose assets are all among these, by key text. */
  readonly assetKeys?: ReadonlySet<string>
  /** Only says what would be pruned. */
  readonly dryRun?: boolean
}

/** The runs that were pruned, or would be. */
export interface PruneResult {
  /** Runs of which nothing stays. */
  readonly runs: number
  /** Runs of which the newest materialization of some asset or partition stays. */
  readonly keptInPart: number
  readonly events: number
  /** Bytes that were freed in the file system. */
  readonly bytes: number
}

/** Runs that others wait for are not held up for longer than this many take. */
const batch = 200

/**
 * Removes runs and their events, but for the newest materialization and observation of each asset and partition: its run stays, with no other
 * events than that it started and how it ended. Then gives the space back, unless another process uses the database.
 */
export function pruneRuns(db: DatabaseSync, file: string, options: PruneOptions): PruneResult {
  db.exec(`
    CREATE TEMP TABLE pruned_run (run_id TEXT PRIMARY KEY) STRICT;
    CREATE TEMP TABLE kept_event (id INTEGER PRIMARY KEY, run_id TEXT) STRICT;
    INSERT INTO kept_event SELECT max(id), run_id FROM events
      WHERE type IN ('ASSET_MATERIALIZATION', 'ASSET_OBSERVATION') GROUP BY type, asset, partition;
  `)
  try {
    const choose = db.prepare('INSERT INTO pruned_run VALUES (?)')
    for (const runId of candidates(db, options)) choose.run(runId)
    const count = (query: string): number => Number(db.prepare(query).get()?.n)
    const found = {
      runs: count('SELECT count(*) n FROM pruned_run WHERE run_id NOT IN (SELECT run_id FROM kept_event)'),
      keptInPart: count('SELECT count(*) n FROM pruned_run WHERE run_id IN (SELECT run_id FROM kept_event)'),
      events: count(`SELECT count(*) n FROM events WHERE ${isPruned}`),
    }
    if (options.dryRun) return { ...found, bytes: 0 }
    const before = sizeOf(file)
    for (const ids of batches(db)) remove(db, ids)
    giveSpaceBack(db)
    return { ...found, bytes: Math.max(0, before - sizeOf(file)) }
  } finally {
    db.exec('DROP TABLE pruned_run; DROP TABLE kept_event')
  }
}

/** An event that goes: one of a pruned run, unless it is kept, or says of a run with kept events that it started or ended. */
const isPruned = `
  run_id IN (SELECT run_id FROM pruned_run) AND id NOT IN (SELECT id FROM kept_event)
  AND NOT (type IN ('RUN_START', 'RUN_SUCCESS', 'RUN_FAILURE', 'RUN_CANCELED') AND run_id IN (SELECT run_id FROM kept_event))`

function* candidates(db: DatabaseSync, { endedBefore = Number.MAX_VALUE, keepNewest = 0, assetKeys }: PruneOptions): Generator<string> {
  const oldestKept = db.prepare('SELECT ordinal FROM runs ORDER BY ordinal DESC LIMIT 1 OFFSET ?').get(Math.max(0, keepNewest - 1))
  if (oldestKept === undefined) return // there are fewer
  const before = keepNewest === 0 ? Number.MAX_SAFE_INTEGER : Number(oldestKept.ordinal)
  const query = `SELECT run_id, body FROM runs WHERE status <> 'STARTED' AND coalesce(end_time, start_time) < ? AND ordinal < ?
    AND json_valid(body) AND body ->> '$.pruned' IS NULL`
  for (const { run_id, body } of db.prepare(query).all(endedBefore, before)) {
    if (assetKeys === undefined || isOnlyOf(String(body), assetKeys)) yield String(run_id)
  }
}

function isOnlyOf(body: string, assetKeys: ReadonlySet<string>): boolean {
  const keys = (JSON.parse(body) as { assetKeys: readonly string[] }).assetKeys
  return keys.every((key) => assetKeys.has(key))
}

function* batches(db: DatabaseSync): Generator<string[]> {
  const ids = db
    .prepare('SELECT run_id FROM pruned_run')
    .all()
    .map((row) => String(row.run_id))
  for (let start = 0; start < ids.length; start += batch) yield ids.slice(start, start + batch)
}

function remove(db: DatabaseSync, ids: readonly string[]): void {
  const these = JSON.stringify(ids)
  db.exec('BEGIN IMMEDIATE')
  try {
    db.prepare(`DELETE FROM events WHERE run_id IN (SELECT value FROM json_each(?)) AND ${isPruned}`).run(these)
    db.prepare('DELETE FROM runs WHERE run_id IN (SELECT value FROM json_each(?)) AND run_id NOT IN (SELECT run_id FROM kept_event)').run(
      these,
    )
    db.prepare(`UPDATE runs SET body = json_set(body, '$.pruned', json('true')) WHERE run_id IN (SELECT value FROM json_each(?))`).run(
      these,
    )
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** Another process that uses the database keeps it from shrinking; the space is then used for new events. */
function giveSpaceBack(db: DatabaseSync): void {
  try {
    db.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE)')
  } catch {
    // in use
  }
}

function sizeOf(file: string): number {
  return [file, `${file}-wal`].reduce((sum, part) => sum + (statSync(part, { throwIfNoEntry: false })?.size ?? 0), 0)
}
