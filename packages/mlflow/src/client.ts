import type { Metadata } from 'dagma'

/** How a run ended; MLflow's own words. */
export type RunStatus = 'FINISHED' | 'FAILED' | 'KILLED'

/** An MLflow experiment. */
export interface MlflowExperiment {
  readonly id: string
  readonly name: string
}

/** One value of a metric. */
export interface MetricPoint {
  readonly value: number
  /** Default 0. */
  readonly step?: number
  /** Default: now. */
  readonly timestamp?: Date
}

/** A metric's value as it was logged. */
export interface MlflowMetric {
  readonly key: string
  readonly value: number
  readonly step: number
  /** Milliseconds since 1970-01-01 UTC. */
  readonly timestamp: number
}

/** Options of `startRun` and `withRun`. */
export interface RunOptions {
  /** Name in MLflow's UI. Default: MLflow makes one up; the stub uses the run's id. */
  readonly name?: string
  readonly tags?: Readonly<Record<string, string>>
  /** Tag `dagster.asset_key`: the asset that makes the run. Hand over the step's own `assetKey`. */
  readonly assetKey?: string | readonly string[]
  /** Tag `dagster.run_url`: page of the Dagster run. http or https, without user info. Default: the one that the host knows, if it does. */
  readonly dagsterRunUrl?: string
  /** Aborts the run's calls; `withRun` then ends the run KILLED. Hand over the step's own `signal`. */
  readonly signal?: AbortSignal
}

/** How much was logged to a run by this object. */
export interface RunCounts {
  readonly params: number
  /** Different metric keys, not their points. */
  readonly metrics: number
  readonly artifacts: number
}

/** A run that is being written. The methods may be called at the same time. */
export interface MlflowRun {
  readonly runId: string
  readonly experimentId: string
  readonly name: string
  /** RUNNING until `end`. */
  readonly status: RunStatus | 'RUNNING'
  readonly counts: RunCounts
  /**
   * Logs params, in as many calls as MLflow's limits ask for. A param cannot be changed later.
   * @throws RangeError before anything is sent when MLflow would refuse a name, or a value of more than 6,000 characters. A name has 1 to 250
   * characters: letters and digits of any script, "_", "-", ".", ":", "/" and spaces, and is a plain path.
   */
  logParams(params: Readonly<Record<string, string | number | boolean>>): Promise<void>
  /**
   * Logs metrics: a number (at `step`, default 0), or points with their own steps.
   * NaN and Infinity are values too; MLflow's databases keep of Infinity the largest number.
   * @throws RangeError before anything is sent when MLflow would refuse a name, as for params, or a value, step or timestamp is not a number.
   */
  logMetrics(metrics: Readonly<Record<string, number | readonly MetricPoint[]>>, options?: { readonly step?: number }): Promise<void>
  /**
   * Sets tags, over those of the same key.
   * @throws RangeError before anything is sent when MLflow would refuse a name, as for params, or a value of more than 8,000 characters.
   */
  setTags(tags: Readonly<Record<string, string>>): Promise<void>
  /** Stores a file with the run, through the server's artifact proxy. `path` is relative, with "/" between its parts. */
  logArtifact(path: string, content: string | Uint8Array<ArrayBuffer>): Promise<void>
  /** Ends the run; the second call does nothing. Works after the run's signal was aborted, too. */
  end(status?: RunStatus): Promise<void>
}

/** A run as the system holds it. */
export interface MlflowRunData {
  readonly runId: string
  readonly experimentId: string
  readonly name: string
  readonly status: RunStatus | 'RUNNING' | 'SCHEDULED'
  readonly params: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  /** The last value of each metric. */
  readonly metrics: Readonly<Record<string, number>>
}

/** MLflow tracking: real or the stub, by the same interface and limits. */
export interface Mlflow {
  /** The backend in use: `mlflow` or `local`. */
  readonly backend: 'mlflow' | 'local'
  /** Where runs are kept, safe to show: without user info. */
  readonly trackingUri: string
  /** The server's version; `local` for the stub. Good for a health check: it changes nothing. */
  version(): Promise<string>
  /** The experiment that new runs get: made at its first use when only its name is known. */
  experiment(): Promise<MlflowExperiment>
  /** Starts a run. End it yourself, or use `withRun`. */
  startRun(options?: RunOptions): Promise<MlflowRun>
  /** Starts a run, calls `work` with it, and ends it: FINISHED, FAILED when `work` throws, KILLED when the signal was aborted. */
  withRun<T>(options: RunOptions, work: (run: MlflowRun) => T | Promise<T>): Promise<{ readonly run: MlflowRun; readonly value: T }>
  /** Reads a run back. */
  getRun(runId: string): Promise<MlflowRunData>
  /** All points of one metric of a run, in order of time and step. */
  metricHistory(runId: string, key: string): Promise<readonly MlflowMetric[]>
  /** Reads a run's artifact back. */
  readArtifact(runId: string, path: string): Promise<Uint8Array<ArrayBuffer>>
  /**
   * Metadata for an asset about a run: `backend`, `operation` (`track run`), `mlflow_tracking_uri` (a url when it is http or https, otherwise text),
   * and, when they can be derived, `mlflow_run_url` and `mlflow_experiment_url`. The stub gives no link.
   */
  metadata(run: Pick<MlflowRun, 'runId' | 'experimentId'>): Metadata
}
