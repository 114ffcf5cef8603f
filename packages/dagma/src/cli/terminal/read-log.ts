import { EventLog } from '../../engine/event-log.ts'

/** Reads the event log of the project in `folder`, and says on stderr when rows of it could not be read. */
export function readLog<Result>(folder: string, read: (log: EventLog) => Result): Result {
  using log = EventLog.openToRead(folder)
  const result = read(log)
  const { damagedRows } = log
  if (damagedRows > 0)
    console.error(
      `Warning: ${damagedRows} damaged ${damagedRows === 1 ? 'row' : 'rows'} of the event log could not be read and ${damagedRows === 1 ? 'is' : 'are'} left out.`,
    )
  return result
}
