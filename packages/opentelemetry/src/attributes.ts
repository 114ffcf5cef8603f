/**
 * The attributes of spans and metrics. Names of OpenTelemetry's semantic conventions are those of version 1.45.0, to which the dependency is pinned;
 * what is Dagma's own starts with `dagma.`. All values come from behind the exit gate.
 */
import type { Attributes, AttributeValue } from '@opentelemetry/api'
import {
  ATTR_DB_COLLECTION_NAME,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_SYSTEM_NAME,
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_RESEND_COUNT,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
} from '@opentelemetry/semantic-conventions'
import {
  type CallEnd,
  deepLink,
  type ObservedRun,
  type ObservedStep,
  type OutgoingCall,
  observationFields,
  type StepEnd,
  type WireMetadata,
} from 'dagma/author'

/** Version of the semantic conventions that the names follow. */
export const schemaUrl = 'https://opentelemetry.io/schemas/1.45.0'

const longestText = 1_000
/** Of how many assets a span tells. */
export const mostKeys = 50

/** Of a run's span. */
export function runAttributes({ runId, jobName, partitionKey, host, dagsterUrl }: ObservedRun): Attributes {
  return present({
    'dagma.span_kind': 'run',
    'dagma.run_url': dagsterUrl && deepLink(dagsterUrl, `runs/${encodeURIComponent(runId)}`),
    'dagma.run_id': runId,
    'dagma.job_name': jobName,
    'dagma.partition_key': partitionKey && cut(partitionKey),
    'dagma.host': host,
  })
}

/** Of the span of a step's attempt. */
export function stepAttributes(run: ObservedRun, { name, kind, assetKeys, group, retryNumber }: ObservedStep): Attributes {
  return present({
    'dagma.span_kind': 'step',
    'dagma.step_name': name,
    'dagma.step_kind': kind,
    ...assetAttributes(run, assetKeys),
    'dagma.asset_group': group,
    'dagma.retry_count': retryNumber,
  })
}

/** The attributes of a materialization's or an observation's metadata, named by the observation fields. */
export function reportAttributes(metadata: WireMetadata): Attributes {
  const attributes: Attributes = {}
  for (const [field, { spanAttribute }] of Object.entries(observationFields)) {
    const value = metadata[field]?.raw_value
    if (spanAttribute === null || !isPlain(value) || field === 'status') continue
    attributes[spanAttribute] = typeof value === 'string' ? cut(value) : value
  }
  return attributes
}

/** How a step's attempt ended. */
export function stepEndAttributes({ status, error }: StepEnd): Attributes {
  return present({
    'dagma.status': status,
    [ATTR_ERROR_TYPE]: error?.name,
    [ATTR_EXCEPTION_TYPE]: error?.name,
    [ATTR_EXCEPTION_MESSAGE]: error && cut(error.message),
  })
}

/** Which assets a step or a run is about, and their pages in Dagster's UI where those are known. */
export function assetAttributes({ dagsterUrl }: ObservedRun, assetKeys: ObservedStep['assetKeys']): Attributes {
  const keys = assetKeys.slice(0, mostKeys)
  return present({
    'dagma.asset_keys': keys.map((key) => cut(key.join('/'))),
    'dagma.asset_urls': dagsterUrl === undefined ? undefined : keys.map((key) => assetPage(dagsterUrl, key)),
  })
}

/** Page of an asset in Dagster's UI. */
function assetPage(dagsterUrl: string, key: readonly string[]): string {
  return deepLink(dagsterUrl, `assets/${key.map(encodeURIComponent).join('/')}`)
}

/** Of the span of an outgoing call. */
export function callAttributes({ system, operation, method, url, database }: OutgoingCall): Attributes {
  const { hostname, port, protocol } = new URL(url)
  return present({
    'dagma.span_kind': 'call',
    'dagma.system': system,
    'dagma.operation': operation,
    [ATTR_HTTP_REQUEST_METHOD]: method,
    [ATTR_URL_FULL]: cut(url),
    [ATTR_SERVER_ADDRESS]: hostname,
    [ATTR_SERVER_PORT]: Number(port) || (protocol === 'https:' ? 443 : 80),
    [ATTR_DB_SYSTEM_NAME]: database?.system,
    [ATTR_DB_COLLECTION_NAME]: database?.collection && cut(database.collection),
    [ATTR_DB_OPERATION_NAME]: database && operation,
  })
}

/** How an outgoing call ended. */
export function callEndAttributes({ status, httpStatus, resent, error }: CallEnd): Attributes {
  return present({
    'dagma.status': status,
    [ATTR_HTTP_RESPONSE_STATUS_CODE]: httpStatus,
    [ATTR_HTTP_REQUEST_RESEND_COUNT]: resent > 0 ? resent : undefined,
    [ATTR_ERROR_TYPE]: error && String(httpStatus ?? 'no_answer'),
    [ATTR_EXCEPTION_MESSAGE]: error && cut(error),
  })
}

/** A text of bounded length. */
export function cut(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

/** The error of an operation. */
export function errorAttributes(error: string | undefined): Attributes {
  return error === undefined ? {} : { [ATTR_ERROR_TYPE]: '_OTHER', [ATTR_EXCEPTION_MESSAGE]: cut(error) }
}

/** Without what is not known. */
export function present(attributes: { readonly [name: string]: AttributeValue | undefined }): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined && value !== ''))
}
