import {
  checkedHttpUrl,
  type Finding,
  failedFinding,
  type HttpService,
  isHttpUrl,
  type PageLink,
  type ProbeContext,
  pageFinding,
  ServiceError,
} from 'dagma/author'
import { mlflowExperimentUrl, mlflowRunUrl, mlflowTrackingUri } from './links.ts'
import { knownExperiment, latestRun, mlflowService, serverVersion } from './rest-store.ts'
import type { MlflowSettings } from './settings.ts'

/** The findings of `dagma doctor` for MLflow: variables, server, version, credentials, experiment and links. Nothing is made there. */
export async function probeMlflow(settings: MlflowSettings, { timeoutMs, signal }: ProbeContext): Promise<Finding[]> {
  if (!settings.useTracking) return local(settings)
  const variables = uiFinding(settings)
  const own = { ...settings, timeoutMs }
  const service = await madeService(own)
  if ('check' in service) return [service, ...variables]
  const reachable = await reachableFinding(service, signal)
  if (reachable.status === 'error') return [reachable, ...variables]
  const looked = await authenticated(service, settings, signal)
  const links = await Promise.all(linksOf(settings, looked).map((link) => pageFinding(link, { timeoutMs, signal })))
  return [reachable, ...looked.findings, ...variables, ...links]
}

function local({ trackingUri, uiBaseUrl }: MlflowSettings): Finding[] {
  const fix = 'Set MLFLOW_USE_TRACKING=true and MLFLOW_TRACKING_URI to use a server.'
  const message = 'Using the local backend, which has no links.'
  const set = [trackingUri && 'MLFLOW_TRACKING_URI', uiBaseUrl && 'MLFLOW_UI_BASE_URL'].filter(Boolean).join(' and ')
  if (set === '') return [{ check: 'backend', status: 'local', message, fix }]
  const idle: Finding = {
    check: 'MLFLOW_USE_TRACKING',
    status: 'warning',
    message: `It is not true, which leaves ${set} unused and omits mlflow_run_url.`,
    fix: 'Set MLFLOW_USE_TRACKING=true.',
  }
  return [{ check: 'backend', status: 'local', message, fix }, idle]
}

function uiFinding({ uiBaseUrl }: MlflowSettings): Finding[] {
  const check = 'MLFLOW_UI_BASE_URL'
  if (!uiBaseUrl) return []
  if (isHttpUrl(uiBaseUrl)) return [{ check, status: 'ok', message: 'It is an http or https URL.' }]
  return [
    {
      check,
      status: 'error',
      message: 'It is not an http or https URL without user name and password, so links go to the tracking server instead.',
      fix: 'Set it to the address at which a browser reaches MLflow, for example http://localhost:5000, or unset it.',
    },
  ]
}

async function madeService(settings: MlflowSettings): Promise<HttpService | Finding> {
  try {
    checkedHttpUrl(settings.trackingUri ?? '', 'MLFLOW_TRACKING_URI, the address of the MLflow server,')
    return mlflowService(settings, { retries: 0 })
  } catch (error) {
    return failedFinding('MLFLOW_TRACKING_URI', error)
  }
}

async function reachableFinding(service: HttpService, signal: AbortSignal): Promise<Finding> {
  try {
    const version = await serverVersion(service, signal)
    if (version !== 'unknown') return { check: 'reachable', status: 'ok', message: `MLflow ${version} answers.` }
    return {
      check: 'reachable',
      status: 'error',
      message: 'The server does not report a version, so it is probably not MLflow.',
      fix: 'Check that MLFLOW_TRACKING_URI is the root of an MLflow server, and that no login page or proxy is in front of it.',
    }
  } catch (error) {
    // Where even the version wants a login, the server is there nevertheless.
    if (error instanceof ServiceError && error.status === 401)
      return { check: 'reachable', status: 'ok', message: 'MLflow answers, and requires a login.' }
    return failedFinding('reachable', error)
  }
}

/** The findings after the server has accepted the credentials. */
interface Looked {
  readonly findings: readonly Finding[]
  readonly experimentId?: string
  readonly run?: { readonly runId: string; readonly experimentId: string }
}

async function authenticated(service: HttpService, settings: MlflowSettings, signal: AbortSignal): Promise<Looked> {
  const check = settings.experimentId ? 'MLFLOW_EXPERIMENT_ID' : 'experiment'
  const letIn: Finding = { check: 'authentication', status: 'ok', message: credentials(settings) }
  try {
    const experiment = await knownExperiment(service, settings, signal)
    if (experiment === undefined) {
      const message = `There is no experiment "${settings.experimentName ?? 'Default'}" yet: the first run creates it.`
      return { findings: [letIn, { check, status: 'ok', message }] }
    }
    const run = await latestRun(service, experiment.id, signal)
    const message = `Experiment "${experiment.name}" (id ${experiment.id}) exists${run ? '' : ', and has no run yet'}.`
    return { findings: [letIn, { check, status: 'ok', message }], experimentId: experiment.id, ...(run && { run }) }
  } catch (error) {
    const status = error instanceof ServiceError ? error.status : undefined
    if (status === 401 || status === 403) return { findings: [failedFinding('authentication', error)] }
    return { findings: [letIn, failedFinding(check, error)] }
  }
}

function credentials({ token, username, password }: MlflowSettings): string {
  if (token) return `The token in ${token.variable} is accepted.`
  return username && password ? `The user and ${password.variable} are taken.` : 'None is set, and none is wanted.'
}

function linksOf(settings: MlflowSettings, { experimentId = '', run }: Looked): PageLink[] {
  const uri = mlflowTrackingUri(settings.trackingUri ?? '')
  const link = (key: string, url: string | undefined, setting: string): PageLink[] => (url ? [{ key, url, system: 'MLflow', setting }] : [])
  const setting = isHttpUrl(settings.uiBaseUrl) ? 'MLFLOW_UI_BASE_URL' : 'MLFLOW_TRACKING_URI'
  return [
    ...link('mlflow_tracking_uri', uri.type === 'url' ? uri.value : undefined, 'MLFLOW_TRACKING_URI'),
    ...link('mlflow_experiment_url', mlflowExperimentUrl(settings, experimentId), setting),
    ...(run ? link('mlflow_run_url', mlflowRunUrl(settings, run), setting) : []),
  ]
}
