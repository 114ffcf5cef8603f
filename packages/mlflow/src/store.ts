import type { MlflowExperiment, MlflowMetric, MlflowRunData, RunStatus } from './client.ts'

/** A key and its text: a param or a tag. */
export interface Entry {
  readonly key: string
  readonly value: string
}

/** The data of one log call, within MLflow's limits. */
export interface Batch {
  readonly metrics?: readonly MlflowMetric[]
  readonly params?: readonly Entry[]
  readonly tags?: readonly Entry[]
}

/** A run as it was created. */
export interface CreatedRun {
  readonly runId: string
  readonly experimentId: string
  readonly name: string
  /** Where its artifacts go; MLflow decides. */
  readonly artifactUri: string
}

/** Where runs are kept: MLflow's REST API, or files. What both forms share is above it. */
export interface RunStore {
  version(): Promise<string>
  experiment(): Promise<MlflowExperiment>
  createRun(
    run: { readonly experimentId: string; readonly name?: string; readonly tags: readonly Entry[] },
    signal?: AbortSignal,
  ): Promise<CreatedRun>
  logBatch(run: CreatedRun, batch: Batch, signal?: AbortSignal): Promise<void>
  putArtifact(run: CreatedRun, path: string, content: Uint8Array<ArrayBuffer>, signal?: AbortSignal): Promise<void>
  endRun(run: CreatedRun, status: RunStatus): Promise<void>
  getRun(runId: string): Promise<MlflowRunData>
  metricHistory(runId: string, key: string): Promise<readonly MlflowMetric[]>
  readArtifact(runId: string, path: string): Promise<Uint8Array<ArrayBuffer>>
}
