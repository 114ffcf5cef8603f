import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { type AssetKey, keyText } from '../definitions/assets/asset-key.ts'
import { dagmaError } from '../errors.ts'
import { type KnownMaterialization, searchedMaterializations } from '../runtime/values/materialized-values.ts'
import { eventLogFailure } from './event-log-failure.ts'
import { eventOf, type Row, runColumns, runOf } from './event-log-rows.ts'
import type { Materialization, Run, RunEvent } from './events.ts'

/** The queries of the record of runs and events. Each method throws DAGMA_EVENT_LOG_LOCKED or DAGMA_EVENT_LOG_DAMAGED where it cannot be read. */
export abstract class EventLogReader {
  protected readonly db: DatabaseSync
  protected readonly file: string
  #damagedRows = 0

  protected constructor(db: DatabaseSync, file: string) {
    this.db = db
    this.file = file
  }

  /** The newest runs, newest first: in the order in which they were recorded, whatever the clock said. */
  runs(limit: number): Run[] {
    return this.#read(`SELECT ${runColumns} FROM runs ORDER BY ordinal DESC LIMIT ?`, [limit], runOf)
  }

  /** A run by its id, or by the start of its id where that is unique. @throws DAGMA_RUN_UNKNOWN */
  run(id: string): Run {
    const rows = this.#read(`SELECT ${runColumns} FROM runs WHERE run_id BETWEEN ?1 AND ?1 || char(1114111) LIMIT 2`, [id], runOf)
    const [run] = rows
    if (run === undefined || (rows.length > 1 && run.runId !== id)) throw dagmaError('DAGMA_RUN_UNKNOWN', { run: id })
    return run
  }

  /** Whether the run is in this log. */
  isKnown(runId: string): boolean {
    return this.db.prepare('SELECT 1 FROM runs WHERE run_id = ?').get(runId) !== undefined
  }

  /** All events of a run, oldest first. */
  events(runId: string): RunEvent[] {
    return [...this.eachEvent(runId)]
  }

  /** The events of a run, or those of some types, oldest first, one at a time: they may be more than there is memory for. */
  *eachEvent(runId: string, types?: readonly RunEvent['type'][]): Generator<RunEvent> {
    const query =
      'SELECT run_id, time, body FROM events WHERE run_id = ?1 AND (?2 IS NULL OR type IN (SELECT value FROM json_each(?2))) ORDER BY id'
    try {
      for (const row of this.db.prepare(query).iterate(runId, types === undefined ? null : JSON.stringify(types))) {
        const event = this.#parsed(row, eventOf)
        if (event !== undefined) yield event
      }
    } catch (error) {
      throw eventLogFailure(this.file, error)
    }
  }

  /** The newest materialization of an asset. */
  latestMaterialization(asset: string): Materialization | undefined {
    const newest = `SELECT run_id, time, body FROM events WHERE asset = ? AND type = 'ASSET_MATERIALIZATION' ORDER BY id DESC LIMIT 1`
    return this.#read(newest, [asset], eventOf)[0] as Materialization | undefined
  }

  /** The materializations of an asset's partitions (undefined: of the asset): that of the run where it made one, otherwise the newest. */
  materializationsOf(
    asset: AssetKey,
    partitions: readonly (string | undefined)[],
    runId: string,
  ): Map<string | undefined, KnownMaterialization> {
    const newest = `SELECT run_id, time, body FROM events
      WHERE asset = ? AND partition IS ? AND type = 'ASSET_MATERIALIZATION' ORDER BY id DESC LIMIT ${searchedMaterializations}`
    const found = partitions.map((partition) => {
      const events = this.#read(newest, [keyText(asset), partition ?? null], eventOf) as Materialization[]
      return [partition, events.find((event) => event.runId === runId) ?? events[0]] as const
    })
    return new Map(found.flatMap(([partition, event]) => (event ? [[partition, { runId: event.runId, value: event.stored }]] : [])))
  }

  /** The newest materialization of each partition of an asset, as the number of its event: numbers grow with time. */
  materializedPartitions(asset: string): Map<string, number> {
    const newest = `SELECT partition, max(id) AS id FROM events
      WHERE asset = ? AND type = 'ASSET_MATERIALIZATION' AND partition IS NOT NULL GROUP BY partition`
    const rows = this.#read(newest, [asset], (row) => ({ partition: String(row.partition), id: Number(row.id) }))
    return new Map(rows.map(({ partition, id }) => [partition, id]))
  }

  /** The runs of partitions that failed or were canceled, oldest first, each with the number of its first event. */
  unsuccessfulPartitionRuns(): { run: Run; firstEvent: number }[] {
    const query = `SELECT ${runColumns}, (SELECT min(id) FROM events WHERE events.run_id = runs.run_id) AS first_event FROM runs
      WHERE status IN ('FAILURE', 'CANCELED') ORDER BY ordinal`
    return this.#read(query, [], (row) => ({ run: runOf(row), firstEvent: Number(row.first_event) })).filter(
      ({ run }) => run.partitionKey !== null || run.partitionKeyRange !== null,
    )
  }

  /** The keys of dynamic partitions, in the order in which they were added. */
  dynamicPartitions(name: string): string[] {
    return this.#read('SELECT partition FROM dynamic_partitions WHERE name = ? ORDER BY id', [name], (row) => String(row.partition))
  }

  /** How many rows could not be read so far; they were left out. */
  get damagedRows(): number {
    return this.#damagedRows
  }

  /** Rows as `parse` reads them. One that it cannot read is left out and counted, so that it does not hide the others. */
  #read<Result>(query: string, values: SQLInputValue[], parse: (row: Row) => Result): Result[] {
    try {
      return this.db
        .prepare(query)
        .all(...values)
        .flatMap((row) => this.#parsed(row, parse) ?? [])
    } catch (error) {
      throw eventLogFailure(this.file, error)
    }
  }

  #parsed<Result>(row: Row, parse: (row: Row) => Result): Result | undefined {
    try {
      return parse(row)
    } catch {
      this.#damagedRows++
      return undefined
    }
  }
}
