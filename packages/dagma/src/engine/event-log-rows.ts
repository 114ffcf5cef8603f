import type { SQLOutputValue } from 'node:sqlite'
import type { Run, RunEvent, RunStatus } from './events.ts'

/** A row of the event log's database. */
export type Row = Record<string, SQLOutputValue>

/** The columns that {@link runOf} reads. */
export const runColumns = 'run_id, status, start_time, end_time, body'

/** A row of the table of runs, read. @throws when it is damaged, as {@link eventOf} does */
export function runOf(row: Row): Run {
  return {
    partitionKeyRange: null, // of a log from before there were such runs
    ...JSON.parse(String(row.body)),
    runId: String(row.run_id),
    status: row.status as RunStatus,
    startTime: Number(row.start_time),
    endTime: row.end_time === null ? null : Number(row.end_time),
  }
}

/** A row of the table of events, read. */
export function eventOf(row: Row): RunEvent {
  return { ...JSON.parse(String(row.body)), runId: String(row.run_id), time: Number(row.time) }
}
