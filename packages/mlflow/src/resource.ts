import { join } from 'node:path'
import { type Metadata, MetadataValue, type ResourceContext, type ResourceType, resource, type Secret, secret } from 'dagma'
import { checkedHttpUrl, isHttpUrl } from 'dagma/author'
import type { Mlflow, MlflowRun, RunOptions } from './client.ts'
import { mlflowExperimentUrl, mlflowRunUrl, mlflowTrackingUri, shownUri } from './links.ts'
import { localStore } from './local-store.ts'
import { probeMlflow } from './probe.ts'
import { restStore } from './rest-store.ts'
import { startRun } from './run.ts'
import type { RunStore } from './store.ts'

/** Settings of {@link mlflow}. An empty text is as if it were not set. */
export interface MlflowSettings {
  /** true: the MLflow server at `trackingUri`; false: the local stub. */
  readonly useTracking: boolean
  /** The tracking server: http or https, without user info. Needed when `useTracking`. */
  readonly trackingUri?: string
  /** Base of the UI for links, when a browser reaches it elsewhere than at `trackingUri`. */
  readonly uiBaseUrl?: string
  /** The experiment of new runs; it must exist. Comes before `experimentName`. */
  readonly experimentId?: string
  /** The experiment of new runs, made when it does not exist. Default `Default`. */
  readonly experimentName?: string
  /** Workspace of a server that has them. */
  readonly workspace?: string
  /** User for basic authentication, with `password`. */
  readonly username?: string | Secret
  readonly password?: Secret
  /** Token for bearer authentication; comes before user and password. */
  readonly token?: Secret
  /** How long one call may take, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number
}

/**
 * MLflow tracking. Real when `useTracking`, otherwise a stub that keeps its runs as files under `.dagma/mlflow-stub/` and opens no socket.
 * `resources: { mlflow: mlflow(mlflowFromEnv) }` reads the environment when a run opens it.
 */
export const mlflow: ResourceType<MlflowSettings, Mlflow> = resource({ open: openMlflow, probe: probeMlflow })

function openMlflow(settings: MlflowSettings, context: ResourceContext): Mlflow {
  const { uiBaseUrl, experimentId, experimentName } = settings
  if (!settings.useTracking) {
    const stub = localStore(join(context.projectFolder, '.dagma', 'mlflow-stub'), {
      ...(experimentId && { experimentId }),
      ...(experimentName && { experimentName }),
    })
    return client('local', 'file:.dagma/mlflow-stub', stub, {}, context)
  }
  const trackingUri = checkedHttpUrl(settings.trackingUri ?? '', 'MLFLOW_TRACKING_URI, the address of the MLflow server,')
  if (uiBaseUrl && !isHttpUrl(uiBaseUrl)) {
    context.log.warning('MLFLOW_UI_BASE_URL is no http or https URL without user info: links go to the tracking server instead.')
  }
  return client('mlflow', trackingUri, restStore(settings, context.signal), settings, context)
}

function client(
  backend: Mlflow['backend'],
  trackingUri: string,
  store: RunStore,
  links: Partial<MlflowSettings>,
  context: ResourceContext,
): Mlflow {
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
      ...link('mlflow_run_url', mlflowRunUrl(links, run)),
      ...link('mlflow_experiment_url', mlflowExperimentUrl(links, run.experimentId)),
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
    // What went wrong first is what counts.
    await run
      .end(signal?.aborted ? 'KILLED' : 'FAILED')
      .catch((second: Error) => warn(`The MLflow run ${run.runId} stays open: ${second.message}`))
    throw error
  }
  await run.end('FINISHED')
  return value
}

function link(key: string, url: string | undefined): Metadata {
  return url === undefined ? {} : { [key]: MetadataValue.url(url) }
}

// Declared when the module loads, not when they are first read: redaction knows them from then on.
const trackingPassword = secret('MLFLOW_TRACKING_PASSWORD')
const trackingToken = secret('MLFLOW_TRACKING_TOKEN')

/**
 * Settings from the environment, read when called: `MLFLOW_USE_TRACKING`, `MLFLOW_TRACKING_URI`, `MLFLOW_UI_BASE_URL`, `MLFLOW_EXPERIMENT_ID`,
 * `MLFLOW_EXPERIMENT_NAME`, `MLFLOW_WORKSPACE`, `MLFLOW_TRACKING_USERNAME`, `MLFLOW_TRACKING_PASSWORD` and `MLFLOW_TRACKING_TOKEN`.
 */
export function mlflowFromEnv(): MlflowSettings {
  const { env } = process
  const asked = (env.MLFLOW_USE_TRACKING || 'false').toLowerCase()
  if (asked !== 'true' && asked !== 'false') throw new RangeError('MLFLOW_USE_TRACKING must be true or false.')
  const settings = {
    trackingUri: env.MLFLOW_TRACKING_URI,
    uiBaseUrl: env.MLFLOW_UI_BASE_URL,
    experimentId: env.MLFLOW_EXPERIMENT_ID,
    experimentName: env.MLFLOW_EXPERIMENT_NAME,
    workspace: env.MLFLOW_WORKSPACE,
    username: env.MLFLOW_TRACKING_USERNAME,
    password: trackingPassword.isSet && trackingPassword,
    token: trackingToken.isSet && trackingToken,
  }
  return {
    useTracking: asked === 'true',
    ...(Object.fromEntries(Object.entries(settings).filter(([, value]) => value)) as Partial<MlflowSettings>),
  }
}
