import { type HttpAuth, type HttpService, httpService } from 'dagma/author'
import type { MlflowExperiment, MlflowMetric, MlflowRunData, RunStatus } from './client.ts'
import { artifactPath } from './limits.ts'
import type { MlflowSettings } from './settings.ts'
import type { CreatedRun, Entry, RunStore } from './store.ts'
import { type WireMetric, wireMetric } from './wire-metric.ts'

const api = 'api/2.0/mlflow'
const gone = 'RESOURCE_DOES_NOT_EXIST'
const taken = 'RESOURCE_ALREADY_EXISTS'

interface ExperimentAnswer {
  readonly experiment: { readonly experiment_id: string; readonly name: string; readonly lifecycle_stage: string }
}

interface RunAnswer {
  readonly run: {
    readonly info: {
      readonly run_id: string
      readonly experiment_id: string
      readonly run_name?: string
      readonly status: MlflowRunData['status']
      readonly artifact_uri: string
    }
    readonly data?: { readonly metrics?: readonly WireMetric[]; readonly params?: readonly Entry[]; readonly tags?: readonly Entry[] }
  }
}

/**
 * Runs kept by an MLflow server, over its REST API. `signal` aborts all calls but those that end a run.
 * @throws DAGMA_URL_INVALID when the tracking URI is not an http or https URL, or has user info.
 */
export function restStore(settings: MlflowSettings, signal: AbortSignal): RunStore {
  const service = mlflowService(settings)
  const during = (own: AbortSignal | undefined) => (own ? AbortSignal.any([signal, own]) : signal)
  let known: Promise<MlflowExperiment> | undefined
  const get = (runId: string) =>
    service.json<RunAnswer>({ operation: 'get run', method: 'GET', path: `${api}/runs/get`, query: { run_id: runId }, signal })
  return {
    version: () => serverVersion(service, signal),
    experiment: () => {
      known ??= findExperiment(service, settings, signal).catch((error) => {
        known = undefined
        throw error
      })
      return known
    },
    createRun: async ({ experimentId, name, tags }, own) => {
      const json = { experiment_id: experimentId, run_name: name, start_time: Date.now(), tags }
      const { run } = await service.json<RunAnswer>({
        operation: 'create run',
        method: 'POST',
        path: `${api}/runs/create`,
        json,
        signal: during(own),
      })
      return created(run)
    },
    logBatch: async (run, batch, own) => {
      // Doing it twice is as doing it once: a param or tag has its value, and a point with the same step and moment is one point.
      const { metrics } = batch
      const json = { run_id: run.runId, ...batch, ...(metrics && { metrics: metrics.map(wireMetric) }) }
      await service.json({
        operation: 'log to run',
        method: 'POST',
        path: `${api}/runs/log-batch`,
        json,
        idempotent: true,
        signal: during(own),
      })
    },
    putArtifact: async (run, path, content, own) => {
      const body = { content, contentType: 'application/octet-stream' }
      await service.send({ operation: 'upload artifact', method: 'PUT', path: artifactRoute(run, path), body, signal: during(own) })
    },
    endRun: async (run, status: RunStatus) => {
      const json = { run_id: run.runId, status, end_time: Date.now() }
      await service.json({ operation: 'end run', method: 'POST', path: `${api}/runs/update`, json, idempotent: true })
    },
    getRun: async (runId) => runData((await get(runId)).run),
    metricHistory: (runId, key) => metricHistory(service, runId, key, signal),
    readArtifact: async (runId, path) => {
      const { run } = await get(runId)
      return service.bytes({ operation: 'read artifact', method: 'GET', path: artifactRoute(created(run), path), signal })
    },
  }
}

/** The server's version; `unknown` when what answers there is not MLflow. */
export async function serverVersion(service: HttpService, signal: AbortSignal): Promise<string> {
  const text = new TextDecoder().decode(await service.bytes({ operation: 'get version', method: 'GET', path: 'version', signal }))
  return /^\d[\w.+-]{0,40}$/.test(text) ? text : 'unknown'
}

/** The client of the server that the settings name. */
export function mlflowService(settings: MlflowSettings, options: { readonly retries?: number } = {}): HttpService {
  const { trackingUri = '', password, token, workspace, timeoutMs } = settings
  const auth = authOf(settings)
  return httpService({
    system: 'MLflow',
    baseUrl: trackingUri,
    baseUrlSetting: 'MLFLOW_TRACKING_URI',
    authSetting:
      token?.variable ??
      (password
        ? `MLFLOW_TRACKING_USERNAME and ${password.variable}`
        : 'MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN'),
    ...(auth && { auth }),
    ...(workspace && { headers: workspaceHeader(workspace) }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    hints: {
      404: `Check that ${workspace ? `it, and the workspace in MLFLOW_WORKSPACE, exist` : 'it exists'} in MLflow, and that MLFLOW_TRACKING_URI is the root of its API.`,
      403: 'Check the rights of the user or token; a server in a container also sends this if the host in MLFLOW_TRACKING_URI is missing in its --allowed-hosts.',
    },
    errorCode,
    ...options,
  })
}

/** The credentials that the settings name, if any: a token comes before user and password. */
export function authOf({ username, password, token }: MlflowSettings): HttpAuth | undefined {
  return token ? { bearer: token } : username && password ? { user: username, password } : undefined
}

/** Sent to a server that has workspaces. */
export function workspaceHeader(workspace: string): Record<string, string> {
  return { 'x-mlflow-workspace': workspace }
}

/** The experiment of new runs as it is: undefined when it is named, and no run has made it yet. */
export async function knownExperiment(
  service: HttpService,
  settings: MlflowSettings,
  signal: AbortSignal,
): Promise<MlflowExperiment | undefined> {
  const { experimentId, experimentName = 'Default' } = settings
  if (experimentId) {
    const query = { experiment_id: experimentId }
    return active(
      await service.json<ExperimentAnswer>({ operation: 'get experiment', method: 'GET', path: `${api}/experiments/get`, query, signal }),
    )
  }
  const found = await service.json<ExperimentAnswer | 'none'>({
    operation: 'find experiment',
    method: 'GET',
    path: `${api}/experiments/get-by-name`,
    query: { experiment_name: experimentName },
    signal,
    expected: ({ answer }) => (errorCode(answer) === gone ? 'none' : undefined),
  })
  return found === 'none' ? undefined : active(found)
}

/** The experiment of new runs, made when it does not exist. */
export async function findExperiment(service: HttpService, settings: MlflowSettings, signal: AbortSignal): Promise<MlflowExperiment> {
  const known = await knownExperiment(service, settings, signal)
  if (known !== undefined) return known
  const { experimentName = 'Default' } = settings
  const made = await service.json<{ experiment_id: string } | 'taken'>({
    operation: 'create experiment',
    method: 'POST',
    path: `${api}/experiments/create`,
    json: { name: experimentName },
    idempotent: true, // a second try finds the name taken
    signal,
    expected: ({ answer }) => (errorCode(answer) === taken ? 'taken' : undefined),
  })
  if (made !== 'taken') return { id: made.experiment_id, name: experimentName }
  // Someone else made it in between.
  const other = await knownExperiment(service, settings, signal)
  if (other === undefined) throw new Error(`MLflow: experiment "${experimentName}" does not exist and cannot be created.`)
  return other
}

/** The run of an experiment that started last, if any. */
export async function latestRun(service: HttpService, experimentId: string, signal: AbortSignal): Promise<CreatedRun | undefined> {
  const { runs = [] } = await service.json<{ runs?: readonly RunAnswer['run'][] }>({
    operation: 'find runs',
    method: 'POST',
    path: `${api}/runs/search`,
    json: { experiment_ids: [experimentId], max_results: 1 },
    idempotent: true,
    signal,
  })
  return runs[0] && created(runs[0])
}

function active({ experiment }: ExperimentAnswer): MlflowExperiment {
  const { experiment_id: id, name, lifecycle_stage: stage } = experiment
  if (stage === 'deleted') {
    throw new Error(
      `MLflow: experiment "${name}" (id ${id}) was deleted, and MLflow keeps its name. Restore it (mlflow experiments restore --experiment-id ${id}) or set another MLFLOW_EXPERIMENT_NAME or MLFLOW_EXPERIMENT_ID.`,
    )
  }
  return { id, name }
}

async function metricHistory(service: HttpService, runId: string, key: string, signal: AbortSignal): Promise<MlflowMetric[]> {
  const all: MlflowMetric[] = []
  let token: string | undefined
  do {
    const query = { run_id: runId, metric_key: key, max_results: '10000', ...(token && { page_token: token }) }
    const page = await service.json<{ metrics?: WireMetric[]; next_page_token?: string }>({
      operation: 'get metric',
      method: 'GET',
      path: `${api}/metrics/get-history`,
      query,
      signal,
    })
    all.push(
      ...(page.metrics ?? []).map(({ value, step, timestamp }) => ({
        key,
        value: Number(value),
        step: Number(step ?? 0),
        timestamp: Number(timestamp),
      })),
    )
    token = page.next_page_token
  } while (token)
  return all.sort((a, b) => a.timestamp - b.timestamp || a.step - b.step)
}

function created({ info }: RunAnswer['run']): CreatedRun {
  return { runId: info.run_id, experimentId: info.experiment_id, name: info.run_name ?? info.run_id, artifactUri: info.artifact_uri }
}

function runData(run: RunAnswer['run']): MlflowRunData {
  const { runId, experimentId, name } = created(run)
  const { params = [], tags = [], metrics = [] } = run.data ?? {}
  const texts = (list: readonly Entry[]) => Object.fromEntries(list.map(({ key, value }) => [key, value]))
  return {
    runId,
    experimentId,
    name,
    status: run.info.status,
    params: texts(params),
    tags: texts(tags),
    metrics: Object.fromEntries(metrics.map(({ key, value }) => [key, Number(value)])),
  }
}

/** `mlflow-artifacts:/1/abc/artifacts` (or with a host) and a path become the proxy's route. */
function artifactRoute({ runId, artifactUri }: CreatedRun, path: string): string {
  const root = /^mlflow-artifacts:(?:\/\/[^/]*)?\/+(.*)$/.exec(artifactUri)?.[1]
  if (root === undefined) {
    const scheme = /^[a-z][a-z0-9+.-]*(?=:)/i.exec(artifactUri)?.[0] ?? 'a folder'
    throw new Error(
      `MLflow: the artifacts of run ${runId} are kept in ${scheme}, not behind the server's artifact proxy. Start the server with --serve-artifacts and --artifacts-destination, and use an experiment that was made since.`,
    )
  }
  const parts = [...root.replace(/\/+$/, '').split('/'), ...artifactPath(path)]
  return `api/2.0/mlflow-artifacts/artifacts/${parts.map(encodeURIComponent).join('/')}`
}

function errorCode(answer: unknown): unknown {
  return typeof answer === 'object' && answer !== null ? (answer as { error_code?: unknown }).error_code : undefined
}
