import {
  authHeader,
  checkedHttpUrl,
  deepLink,
  type Finding,
  failedFinding,
  type OpenTraceDestination,
  ServiceError,
  type TraceDestination,
} from 'dagma/author'
import { mlflowTraceUrl } from './links.ts'
import { authOf, findExperiment, mlflowService, workspaceHeader } from './rest-store.ts'
import type { MlflowSettings } from './settings.ts'
import { spanAttributes } from './span-attributes.ts'

const route = 'v1/traces'

/**
 * Sends the traces of runs to MLflow while tracking is on, into the experiment that the runs go to: spans of work with models have MLflow's own types,
 * inputs, outputs and tokens, and each materialization gets an `mlflow_trace_url`. Needs MLflow 3.6 or later; no SDK and no collector.
 * @see https://mlflow.org/docs/latest/genai/tracing/opentelemetry/ingest/
 * @example
 * ```ts
 * // For openTelemetry({ destinations }) of @dagma/opentelemetry.
 * const destinations = [mlflowTraces(mlflowFromEnv)]
 * ```
 */
export function mlflowTraces(settings: MlflowSettings | (() => MlflowSettings)): TraceDestination {
  const current = typeof settings === 'function' ? settings : () => settings
  return {
    system: 'MLflow',
    isOn: () => current().useTracking,
    open: (signal) => openTraces(current(), signal),
    probe: async ({ timeoutMs, signal }) => {
      const own = { ...current(), timeoutMs }
      return own.trackingUri ? [await tracesFinding(own, signal)] : []
    },
  }
}

async function openTraces(settings: MlflowSettings, signal: AbortSignal): Promise<OpenTraceDestination> {
  const { trackingUri = '', experimentId, workspace } = settings
  const url = deepLink(checkedHttpUrl(trackingUri, 'MLFLOW_TRACKING_URI, the address of the MLflow server,'), route)
  const id = experimentId || (await findExperiment(mlflowService(settings, { retries: 0 }), settings, signal)).id
  return {
    url,
    headers: () => ({ ...authHeader(authOf(settings)), ...(workspace && workspaceHeader(workspace)), 'x-mlflow-experiment-id': id }),
    traceUrls: (traceId) => ({ mlflow_trace_url: mlflowTraceUrl(settings, { experimentId: id, traceId }) }),
    attributes: spanAttributes,
  }
}

/** No spans at all are refused with 400 by a server that takes traces. */
async function tracesFinding(settings: MlflowSettings, signal: AbortSignal): Promise<Finding> {
  const check = 'MLflow traces'
  try {
    await mlflowService(settings, { retries: 0 }).send({
      operation: 'send traces',
      method: 'POST',
      path: route,
      body: { content: '', contentType: 'application/x-protobuf' },
      signal,
    })
    return { check, status: 'ok', message: 'MLflow accepts traces.' }
  } catch (error) {
    const status = error instanceof ServiceError ? error.status : undefined
    if (status === 400 || status === 422) return { check, status: 'ok', message: 'MLflow accepts traces.' }
    const failed = failedFinding(check, error)
    return status === 404 ? { ...failed, fix: 'Use MLflow 3.6 or later, with a database as its store.' } : failed
  }
}
