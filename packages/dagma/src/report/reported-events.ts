import { eventIdKey, type ReportedEvent } from '../dagster/report/reporter.ts'
import type { RunEvent } from '../engine/events.ts'
import type { WireMetadata } from '../metadata/normalize.ts'
import { sumOfCheck } from './check-sum.ts'

/**
 * The events of a run that Dagster accepts without a run: materializations, observations and checks. Each carries its run, its own id and the
 * moment it happened as metadata, since Dagster stamps a reported event with the moment of the report.
 */
export function reportedEvents(events: readonly RunEvent[]): ReportedEvent[] {
  const single = events.flatMap((event, index) => reportedEvent(event, `${event.runId}:${index}`) ?? [])
  return [...single, ...sums(events)]
}

/** The sum of each check of several partitions, after them: Dagster's view of a check shows the last report. */
function sums(events: readonly RunEvent[]): ReportedEvent[] {
  const checks = Map.groupBy(
    events.filter((event) => event.type === 'ASSET_CHECK_EVALUATION'),
    ({ asset, check }) => JSON.stringify([asset, check]),
  )
  return [...checks.values()].flatMap(([first, ...rest]) => {
    if (first === undefined || new Set([first, ...rest].map(({ partition }) => partition)).size < 2) return []
    const sum = sumOfCheck([first, ...rest])
    return reportedEvent(sum, `${sum.runId}:${sum.asset}:${sum.check}`) ?? []
  })
}

function reportedEvent(event: RunEvent, id: string): ReportedEvent | undefined {
  switch (event.type) {
    case 'ASSET_MATERIALIZATION':
    case 'ASSET_OBSERVATION': {
      const { partition, dataVersion } = event
      const type = event.type === 'ASSET_MATERIALIZATION' ? 'materialization' : 'observation'
      return { type, ...common(event, id), partition, data_version: dataVersion }
    }
    case 'ASSET_CHECK_EVALUATION': {
      const { check, passed, severity, blocking, description } = event
      return { type: 'check', ...common(event, id), check, passed, severity, blocking, description }
    }
    default:
      return undefined
  }
}

function common(event: { runId: string; time: number; asset: string; metadata: WireMetadata }, id: string) {
  const metadata: WireMetadata = {
    ...event.metadata,
    'dagma/run_id': { type: 'text', raw_value: event.runId },
    [eventIdKey]: { type: 'text', raw_value: id },
    'dagma/time': { type: 'timestamp', raw_value: event.time / 1000 },
  }
  return { id, asset_key: event.asset.split('/'), metadata }
}
