import { type Secret, secret } from 'dagma'

/** Settings of the `mlflow` resource. An empty text is as if it were not set. */
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

// Declared when the module loads, not when they are first read: redaction knows them from then on.
const trackingPassword = secret('MLFLOW_TRACKING_PASSWORD')
const trackingToken = secret('MLFLOW_TRACKING_TOKEN')

/**
 * Settings from the environment, read when called: `MLFLOW_USE_TRACKING`, `MLFLOW_TRACKING_URI`, `MLFLOW_UI_BASE_URL`, `MLFLOW_EXPERIMENT_ID`,
 * `MLFLOW_EXPERIMENT_NAME`, `MLFLOW_WORKSPACE`, `MLFLOW_TRACKING_USERNAME`, `MLFLOW_TRACKING_PASSWORD` and `MLFLOW_TRACKING_TOKEN`.
 * @example
 * ```ts
 * export default definitions({ resources: { mlflow: mlflow(mlflowFromEnv) } })
 * ```
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
