/** Queries the events that were reported before, from a Dagster web server over GraphQL: its REST endpoints cannot read them. */
import type { HttpService } from '../../author/http-types.ts'
import { eventIdKey, type ReportedAssetEvent, type ReportedCheck, type ReportedEvent } from './reporter.ts'

/**
 * Returns whether Dagster has an event, with one query for each asset and each check, however many events they have. Events are distinguished by their ids
 * alone, in all of the history that Dagster has: the clock that stamped a run may be ahead of the server's, or behind it.
 */
export function reportedBefore(service: HttpService, events: readonly ReportedEvent[]): (event: ReportedEvent) => Promise<boolean> {
  const bySubject = Map.groupBy(events, subjectOf)
  const known = new Map<string, Promise<ReadonlySet<string>>>()
  return async (event) => {
    const subject = subjectOf(event)
    const all = bySubject.get(subject) ?? []
    const ids = known.get(subject) ?? (event.type === 'check' ? checkIds(service, event, all) : assetIds(service, event, all))
    known.set(subject, ids)
    return (await ids).has(event.id)
  }
}

function subjectOf(event: ReportedEvent): string {
  return JSON.stringify([event.type, event.asset_key, event.type === 'check' ? event.check : null])
}

const entries = 'metadataEntries { label ... on TextMetadataEntry { text } }'

const assetQuery = (events: 'assetMaterializations' | 'assetObservations') => `query($key: AssetKeyInput!, $partitions: [String!]) {
  assetOrError(assetKey: $key) { ... on Asset { events: ${events}(partitions: $partitions) { ${entries} } } }
}`

const checkQuery = `query($key: AssetKeyInput!, $check: String!, $limit: Int!, $cursor: String) {
  assetCheckExecutions(assetKey: $key, checkName: $check, limit: $limit, cursor: $cursor) { id evaluation { ${entries} } }
}`

interface Found {
  readonly metadataEntries: readonly { readonly label: string; readonly text?: string }[]
}

/** No list for an asset that Dagster does not know. */
interface AssetAnswer {
  readonly assetOrError: { readonly events?: readonly Found[] }
}

interface CheckAnswer {
  readonly assetCheckExecutions: readonly { readonly id: string; readonly evaluation: Found | null }[]
}

async function assetIds(
  service: HttpService,
  { type, asset_key }: ReportedAssetEvent,
  wanted: readonly ReportedEvent[],
): Promise<ReadonlySet<string>> {
  const partitions = new Set(wanted.map((event) => ('partition' in event ? event.partition : null)))
  const variables = { key: { path: asset_key }, partitions: partitions.has(null) ? null : [...partitions] }
  const query = assetQuery(type === 'materialization' ? 'assetMaterializations' : 'assetObservations')
  const { assetOrError } = await ask<AssetAnswer>(service, query, variables)
  return new Set(eventIds(assetOrError.events ?? []))
}

const pageSize = 100

async function checkIds(
  service: HttpService,
  { asset_key, check }: ReportedCheck,
  wanted: readonly ReportedEvent[],
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  for (let cursor: string | null = null; ; ) {
    const variables: object = { key: { path: asset_key }, check, limit: pageSize, cursor }
    const { assetCheckExecutions: page } = await ask<CheckAnswer>(service, checkQuery, variables)
    for (const id of eventIds(page.flatMap(({ evaluation }) => evaluation ?? []))) ids.add(id)
    const last = page.at(-1)
    if (last === undefined || page.length < pageSize || wanted.every(({ id }) => ids.has(id))) return ids
    cursor = last.id
  }
}

function eventIds(found: readonly Found[]): string[] {
  return found.flatMap(({ metadataEntries }) => metadataEntries.flatMap(({ label, text }) => (label === eventIdKey && text ? [text] : [])))
}

async function ask<Answer>(service: HttpService, query: string, variables: object): Promise<Answer> {
  const { data } = await service.json<{ data?: Answer | null }>({
    operation: 'ask what was reported',
    method: 'POST',
    path: 'graphql',
    json: { query, variables },
    idempotent: true,
    timeoutMs: 300_000, // all of an asset's history may be long
  })
  if (!data) throw new Error('The web server did not say over GraphQL what was reported before. Look into its log.')
  return data
}
