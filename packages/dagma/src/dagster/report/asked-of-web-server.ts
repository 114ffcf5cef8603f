/** Asks a Dagster web server over GraphQL what was reported before: its REST endpoints cannot tell. */
import type { HttpService } from '../../author/http.ts'
import { eventIdKey, type ReportedEvent } from './reporter.ts'

/** Asks whether an event is there; a question for each asset and each check, however many events they have. */
export function reportedBefore(service: HttpService, since: number): (event: ReportedEvent) => Promise<boolean> {
  const known = new Map<string, Promise<ReadonlySet<string>>>()
  return async (event) => {
    const { type, asset_key, id } = event
    const subject = JSON.stringify([type, asset_key, type === 'check' ? event.check : null])
    const ids =
      known.get(subject) ?? (type === 'check' ? checkIds(service, asset_key, event.check, since) : assetIds(service, event, since))
    known.set(subject, ids)
    return (await ids).has(id)
  }
}

const entries = 'metadataEntries { label ... on TextMetadataEntry { text } }'

const assetQuery = `query($key: AssetKeyInput!, $since: String!) {
  assetOrError(assetKey: $key) {
    ... on Asset {
      materialization: assetMaterializations(afterTimestampMillis: $since) { ${entries} }
      observation: assetObservations(afterTimestampMillis: $since) { ${entries} }
    }
  }
}`

const checkQuery = `query($key: AssetKeyInput!, $check: String!, $limit: Int!, $cursor: String) {
  assetCheckExecutions(assetKey: $key, checkName: $check, limit: $limit, cursor: $cursor) { id evaluation { timestamp ${entries} } }
}`

interface Found {
  readonly metadataEntries: readonly { readonly label: string; readonly text?: string }[]
}

/** Neither list for an asset that Dagster does not know. */
interface AssetAnswer {
  readonly assetOrError: { readonly materialization?: readonly Found[]; readonly observation?: readonly Found[] }
}

interface CheckAnswer {
  readonly assetCheckExecutions: readonly { readonly id: string; readonly evaluation: (Found & { readonly timestamp: number }) | null }[]
}

async function assetIds(
  service: HttpService,
  { type, asset_key }: Exclude<ReportedEvent, { type: 'check' }>,
  since: number,
): Promise<ReadonlySet<string>> {
  const variables = { key: { path: asset_key }, since: String(Math.floor(since * 1000)) }
  const { assetOrError } = await ask<AssetAnswer>(service, assetQuery, variables)
  return new Set(eventIds(assetOrError[type] ?? []))
}

const pageSize = 100

async function checkIds(service: HttpService, key: readonly string[], check: string, since: number): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  for (let cursor: string | null = null; ; ) {
    const variables: object = { key: { path: key }, check, limit: pageSize, cursor }
    const { assetCheckExecutions: page } = await ask<CheckAnswer>(service, checkQuery, variables)
    const evaluations = page.flatMap(({ evaluation }) => evaluation ?? [])
    for (const id of eventIds(evaluations)) ids.add(id)
    const last = page.at(-1)
    if (last === undefined || page.length < pageSize || evaluations.some(({ timestamp }) => timestamp < since)) return ids
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
  })
  if (!data) throw new Error('The web server did not say over GraphQL what was reported before. Look into its log.')
  return data
}
