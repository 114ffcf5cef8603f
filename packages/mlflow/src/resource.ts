import { join } from 'node:path'
import { type ResourceContext, type ResourceType, resource } from 'dagma'
import { checkedHttpUrl, isHttpUrl, urlMetadata } from 'dagma/author'
import type { Mlflow, MlflowRun, RunOptions } from './client.ts'
import { mlflowExperimentUrl, mlflowRunUrl, mlflowTrackingUri, shownUri } from './links.ts'
import { probeMlflow } from './probe.ts'
import { restStore } from './rest-store.ts'
import { startRun } from './run.ts'
import type { MlflowSettings } from './settings.ts'
import type { RunStore } from './store.ts'

/**
 * MLflow tracking. Real when `useTracking`, otherwise a stub that keeps its runs as files under `.dagma/mlflow-stub/` and opens no socket.
 * `resources: { mlflow: mlflow(mlflowFromEnv) }` reads the environment when a run opens it.
 * @example
 * ```ts
 * export default definitions({ resources: { mlflow: mlflow({ useTracking: true, trackingUri: 'https://mlflow.example.com' }) } })
 * ```
 */
export const mlflow: ResourceType<MlflowSettings, Mlflow> = resource({ open: openMlflow, probe: probeMlflow })

async function openMlflow(settings: MlflowSettings, context: ResourceContext): Promise<Mlflow> {
  const { uiBaseUrl, experimentId, experimentName } = settings
  if (!settings.useTracking) {
    const { localStore } = await import('./local/local-store.ts')
    const stub = localStore(join(context.projectFolder, '.dagma', 'mlflow-stub'), {
      ...(experimentId && { experimentId }),
      ...(experimentName && { experimentName }),
    })
    return client({ backend: 'local', trackingUri: 'file:.dagma/mlflow-stub', store: stub, links: {} }, context)
  }
  const trackingUri = checkedHttpUrl(settings.trackingUri ?? '', 'MLFLOW_TRACKING_URI, the address of the MLflow server,')
  if (uiBaseUrl && !isHttpUrl(uiBaseUrl)) {
    context.log.warning('MLFLOW_UI_BASE_URL is not an http or https URL without user info: links go to the tracking server instead.')
  }
  return client({ backend: 'mlflow', trackingUri, store: restStore(settings, context.signal), links: settings }, context)
}

/** Where a client keeps its runs, and where its links lead. */
interface Tracking {
  readonly backend: Mlflow['backend']
  readonly trackingUri: string
  readonly store: RunStore
  readonly links: Partial<MlflowSettings>
}

function client({ backend, trackingUri, store, links }: Tracking, context: ResourceContext): Mlflow {
  return {
    backend,
    trackingUri: shownUri(trackingUri),
    version: () => store.version(),
    experiment: () => store.experiment(),
    startRun: (options = {}) => startRun(store, options, context),
    withRun: async (options, work) => {
      const run = await startRun(store, options, context)
      return { run, value: await worked(run, options, work, context.log.warning) }
    },
    getRun: (id) => store.getRun(id),
    metricHistory: (id, key) => store.metricHistory(id, key),
    readArtifact: (id, path) => store.readArtifact(id, path),
    metadata: (run) => ({
      backend,
      operation: 'track run',
      mlflow_tracking_uri: mlflowTrackingUri(trackingUri),
      ...urlMetadata('mlflow_run_url', mlflowRunUrl(links, run)),
      ...urlMetadata('mlflow_experiment_url', mlflowExperimentUrl(links, run.experimentId)),
    }),
  }
}

async function worked<T>(
  run: MlflowRun,
  { signal }: RunOptions,
  work: (run: MlflowRun) => T | Promise<T>,
  warn: (message: string) => void,
): Promise<T> {
  let value: T
  try {
    value = await work(run)
    signal?.throwIfAborted()
  } catch (error) {
    // The first error counts.
    await run
      .end(signal?.aborted ? 'KILLED' : 'FAILED')
      .catch((second: Error) => warn(`The MLflow run ${run.runId} stays open: ${second.message}`))
    throw error
  }
  await run.end('FINISHED')
  return value
}
