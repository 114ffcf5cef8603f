import { MetadataValue } from 'dagma'
import { deepLink, isHttpUrl } from 'dagma/author'

/** The data of links to MLflow's UI. */
export interface MlflowLinkSettings {
  readonly trackingUri?: string
  /** Base of the UI, before the tracking URI. */
  readonly uiBaseUrl?: string
  /** Takes the place of the run's own experiment. */
  readonly experimentId?: string
  readonly workspace?: string
}

/**
 * Page of a run: `{ui}/#/experiments/{experiment}/runs/{run}`. Undefined when no http or https base without user info can be derived.
 * @example
 * ```ts
 * const url = mlflowRunUrl({ trackingUri: 'https://mlflow.example.com' }, { runId: 'a1b2', experimentId: '1' })
 * ```
 */
export function mlflowRunUrl(
  settings: MlflowLinkSettings,
  run: { readonly runId: string; readonly experimentId: string },
): string | undefined {
  return page(
    settings,
    `experiments/${encodeURIComponent(settings.experimentId || run.experimentId)}/runs/${encodeURIComponent(run.runId)}`,
  )
}

/**
 * Page of an experiment: `{ui}/#/experiments/{experiment}`. Undefined as for {@link mlflowRunUrl}.
 * @example
 * ```ts
 * const url = mlflowExperimentUrl({ trackingUri: 'https://mlflow.example.com' }, '1')
 * ```
 */
export function mlflowExperimentUrl(settings: MlflowLinkSettings, experimentId: string): string | undefined {
  return page(settings, `experiments/${encodeURIComponent(settings.experimentId || experimentId)}`)
}

/**
 * Page of a trace: `{ui}/#/experiments/{experiment}/traces?selectedEvaluationId=tr-{trace}`. Undefined as for {@link mlflowRunUrl}.
 * @example
 * ```ts
 * const trace = { experimentId: '1', traceId: '0af7651916cd43dd8448eb211c80319c' }
 * const url = mlflowTraceUrl({ trackingUri: 'https://mlflow.example.com' }, trace)
 * ```
 */
export function mlflowTraceUrl(
  settings: MlflowLinkSettings,
  trace: { readonly experimentId: string; readonly traceId: string },
): string | undefined {
  const experiment = encodeURIComponent(settings.experimentId || trace.experimentId)
  return page(settings, `experiments/${experiment}/traces`, { selectedEvaluationId: `tr-${trace.traceId}` })
}

/**
 * The tracking URI as metadata: a url when it is http or https, otherwise text; user info and query are left out.
 * @example
 * ```ts
 * const value = mlflowTrackingUri('https://mlflow.example.com')
 * ```
 */
export function mlflowTrackingUri(trackingUri: string): MetadataValue<'url'> | MetadataValue<'text'> {
  const shown = shownUri(trackingUri)
  return isHttpUrl(shown) ? MetadataValue.url(shown) : MetadataValue.text(shown)
}

/** `uri` without user info, query and hash. */
export function shownUri(uri: string): string {
  return uri.replace(/[?#].*$/s, '').replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1')
}

function page(
  { uiBaseUrl, trackingUri, workspace }: MlflowLinkSettings,
  route: string,
  query: Record<string, string> = {},
): string | undefined {
  const base = [uiBaseUrl, trackingUri].find(isHttpUrl)
  if (base === undefined) return undefined
  // The workspace stands after the route: MLflow's UI routes by the hash.
  const all = Object.entries({ ...query, ...(workspace && workspace !== 'default' && { workspace }) })
  const search = all.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
  return `${deepLink(base, '')}/#/${route}${search && `?${search}`}`
}
