/** Queries runs, ticks and backfills from a Dagster web server over GraphQL, as its UI does. */
import { z } from 'zod'
import { graphql } from './graphql.ts'

const runsQuery = `query Runs($filter: RunsFilter) { runsOrError(filter: $filter) { ... on Runs { results {
  runId jobName status parentRunId runConfigYaml tags { key value } stepStats { stepKey status }
  eventConnection { events { ... on MessageEvent { eventType timestamp } } }
} } } }`

const runsAnswer = z.object({
  runsOrError: z.object({
    results: z.array(
      z.object({
        runId: z.string(),
        jobName: z.string(),
        status: z.string(),
        parentRunId: z.string().nullable(),
        runConfigYaml: z.string(),
        tags: z.array(z.object({ key: z.string(), value: z.string() })),
        stepStats: z.array(z.object({ stepKey: z.string(), status: z.string() })),
        eventConnection: z.object({ events: z.array(z.object({ eventType: z.string().nullable(), timestamp: z.coerce.number() })) }),
      }),
    ),
  }),
})

/** A run, as the web server shows it. */
export interface ShownRun {
  readonly runId: string
  readonly jobName: string
  readonly status: string
  readonly parentRunId: string | null
  /** Config as YAML. */
  readonly config: string
  readonly tags: Readonly<Record<string, string>>
  /** How each step that was started ended, by its key. */
  readonly steps: Readonly<Record<string, string>>
  /** When an event of this type was recorded first, in milliseconds. */
  readonly at: (eventType: string) => number
}

/** The runs that a filter of Dagster's lets through, newest first. */
export async function shownRuns(address: string, filter: object): Promise<ShownRun[]> {
  const { data } = await graphql(address, runsQuery, { filter })
  return runsAnswer.parse(data).runsOrError.results.map(({ tags, stepStats, runConfigYaml, eventConnection, ...run }) => ({
    ...run,
    config: runConfigYaml,
    tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
    steps: Object.fromEntries(stepStats.map(({ stepKey, status }) => [stepKey, status])),
    at: (eventType) => eventConnection.events.find((event) => event.eventType === eventType)?.timestamp ?? Number.NaN,
  }))
}

const ended = ['SUCCESS', 'FAILURE', 'CANCELED']

/** Whether a run has come to its end. */
export const hasEnded = ({ status }: ShownRun): boolean => ended.includes(status)

const automationQuery = `query Automation($selector: InstigationSelector!) { instigationStateOrError(instigationSelector: $selector) {
  ... on InstigationState { status ticks { status runIds } }
} }`

const automationAnswer = z.object({
  instigationStateOrError: z.object({
    status: z.string(),
    ticks: z.array(z.object({ status: z.string(), runIds: z.array(z.string()) })),
  }),
})

/** Whether a schedule or sensor is on, and the ticks that the daemon has made of it, newest first. */
export type ShownAutomation = z.infer<typeof automationAnswer>['instigationStateOrError']

/** A schedule or sensor, by its name. */
export async function shownAutomation(address: string, name: string): Promise<ShownAutomation> {
  const selector = { name, repositoryName: '__repository__', repositoryLocationName: 'dagma.definitions' }
  const { data } = await graphql(address, automationQuery, { selector })
  return automationAnswer.parse(data).instigationStateOrError
}

const backfillsQuery = `{ partitionBackfillsOrError { ... on PartitionBackfills { results { id status partitionNames } } } }`

const backfillsAnswer = z.object({
  partitionBackfillsOrError: z.object({
    results: z.array(z.object({ id: z.string(), status: z.string(), partitionNames: z.array(z.string()).nullable() })),
  }),
})

/** A backfill, as the web server shows it. */
export type ShownBackfill = z.infer<typeof backfillsAnswer>['partitionBackfillsOrError']['results'][number]

/** All backfills, newest first. */
export async function shownBackfills(address: string): Promise<readonly ShownBackfill[]> {
  const { data } = await graphql(address, backfillsQuery)
  return backfillsAnswer.parse(data).partitionBackfillsOrError.results
}
