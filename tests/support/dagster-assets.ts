/** Queries an asset's events from a Dagster web server over GraphQL. */
import { graphql } from './graphql.ts'

/** A metadata entry as GraphQL has it: its type's name, and what its type has. */
export interface Entry {
  readonly __typename: string
  readonly label: string
  readonly [field: string]: unknown
}

/** A materialization or an observation, newest first in lists. */
export interface AssetEvent {
  readonly runId: string
  readonly partition: string | null
  readonly tags: readonly { readonly key: string; readonly value: string }[]
  readonly metadataEntries: readonly Entry[]
}

/** An evaluation of a check. */
export interface Evaluation {
  readonly success: boolean
  readonly severity: string
  readonly description: string | null
  readonly metadataEntries: readonly Entry[]
}

const entries = `metadataEntries {
  __typename label
  ... on TextMetadataEntry { text } ... on MarkdownMetadataEntry { mdStr } ... on JsonMetadataEntry { jsonString } ... on UrlMetadataEntry { url }
  ... on PathMetadataEntry { path } ... on IntMetadataEntry { intRepr } ... on FloatMetadataEntry { floatValue } ... on BoolMetadataEntry { boolValue }
  ... on TimestampMetadataEntry { timestamp } ... on AssetMetadataEntry { assetKey { path } } ... on TableMetadataEntry { table { records } }
}`

const assetQuery = `query($key: AssetKeyInput!) { assetOrError(assetKey: $key) { ... on Asset {
  materializations: assetMaterializations { runId partition tags { key value } ${entries} }
  observations: assetObservations { runId partition tags { key value } ${entries} }
} } }`

const checkQuery = `query($key: AssetKeyInput!, $check: String!) {
  assetCheckExecutions(assetKey: $key, checkName: $check, limit: 100) { evaluation { success severity description ${entries} } }
}`

/** All materializations and observations of an asset. */
export async function eventsOfAsset(
  address: string,
  key: string,
): Promise<{ readonly materializations: readonly AssetEvent[]; readonly observations: readonly AssetEvent[] }> {
  const { data } = await graphql(address, assetQuery, { key: { path: key.split('/') } })
  const { assetOrError } = data as { assetOrError: { materializations?: AssetEvent[]; observations?: AssetEvent[] } }
  return { materializations: assetOrError.materializations ?? [], observations: assetOrError.observations ?? [] }
}

/** All evaluations of a check. */
export async function evaluationsOfCheck(address: string, key: string, check: string): Promise<readonly Evaluation[]> {
  const { data } = await graphql(address, checkQuery, { key: { path: key.split('/') }, check })
  return (data as { assetCheckExecutions: { evaluation: Evaluation }[] }).assetCheckExecutions.map(({ evaluation }) => evaluation)
}

/** Metadata by its key: type and value. */
export function byLabel(entriesOf: readonly Entry[]): Readonly<Record<string, readonly [type: string, value: unknown]>> {
  return Object.fromEntries(
    entriesOf.map(({ __typename, label, ...value }) => [label, [__typename.replace('MetadataEntry', ''), Object.values(value)[0]]]),
  )
}
