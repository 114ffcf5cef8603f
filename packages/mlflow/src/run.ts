import type { ResourceContext } from 'dagma'
import { checkedHttpUrl } from 'dagma/author'
import type { MetricPoint, MlflowRun, RunCounts, RunOptions, RunStatus } from './client.ts'
import { artifactPath, calls, entries, limits, points } from './limits.ts'
import type { Batch, CreatedRun, RunStore } from './store.ts'

/** Starts a run in the store's experiment, with the tags that lead back to Dagster. */
export async function startRun(
  store: RunStore,
  options: RunOptions,
  { runId, runUrl }: Pick<ResourceContext, 'runId' | 'runUrl'>,
): Promise<MlflowRun> {
  const { name, tags, assetKey, dagsterRunUrl = runUrl, signal } = options
  signal?.throwIfAborted()
  const all = entries('tag', {
    'mlflow.source.name': 'dagma',
    'mlflow.source.type': 'JOB',
    'dagster.run_id': runId,
    ...(assetKey !== undefined && { 'dagster.asset_key': typeof assetKey === 'string' ? assetKey : assetKey.join('/') }),
    ...(dagsterRunUrl !== undefined && { 'dagster.run_url': checkedHttpUrl(dagsterRunUrl, 'dagsterRunUrl of an MLflow run') }),
    ...tags,
  })
  const { id } = await store.experiment()
  const created = await store.createRun({ experimentId: id, ...(name !== undefined && { name }), tags: all.slice(0, limits.tags) }, signal)
  for (const part of calls(all.slice(limits.tags), limits.tags)) await store.logBatch(created, { tags: part }, signal)
  return new StoredRun(store, created, signal)
}

/** A run in a store: checks and splits what is logged, counts it, and knows how it ended. */
class StoredRun implements MlflowRun {
  readonly runId: string
  readonly experimentId: string
  readonly name: string
  #status: RunStatus | 'RUNNING' = 'RUNNING'
  #ending: Promise<void> | undefined
  readonly #store: RunStore
  readonly #created: CreatedRun
  readonly #signal: AbortSignal | undefined
  readonly #logged = { params: new Set<string>(), metrics: new Set<string>(), artifacts: new Set<string>() }

  constructor(store: RunStore, created: CreatedRun, signal: AbortSignal | undefined) {
    this.runId = created.runId
    this.experimentId = created.experimentId
    this.name = created.name
    this.#store = store
    this.#created = created
    this.#signal = signal
  }

  get status(): RunStatus | 'RUNNING' {
    return this.#status
  }

  get counts(): RunCounts {
    const { params, metrics, artifacts } = this.#logged
    return { params: params.size, metrics: metrics.size, artifacts: artifacts.size }
  }

  async logParams(params: Readonly<Record<string, string | number | boolean>>): Promise<void> {
    for (const part of calls(entries('param', params), limits.params)) {
      await this.#log({ params: part })
      for (const { key } of part) this.#logged.params.add(key)
    }
  }

  async logMetrics(
    metrics: Readonly<Record<string, number | readonly MetricPoint[]>>,
    options: { readonly step?: number } = {},
  ): Promise<void> {
    for (const part of calls(points(metrics, options.step), limits.metrics)) {
      await this.#log({ metrics: part })
      for (const { key } of part) this.#logged.metrics.add(key)
    }
  }

  async setTags(tags: Readonly<Record<string, string>>): Promise<void> {
    for (const part of calls(entries('tag', tags), limits.tags)) await this.#log({ tags: part })
  }

  async logArtifact(path: string, content: string | Uint8Array<ArrayBuffer>): Promise<void> {
    this.#expectRunning()
    artifactPath(path)
    await this.#store.putArtifact(
      this.#created,
      path,
      typeof content === 'string' ? new TextEncoder().encode(content) : content,
      this.#signal,
    )
    this.#logged.artifacts.add(path)
  }

  end(status: RunStatus = 'FINISHED'): Promise<void> {
    this.#ending ??= this.#store.endRun(this.#created, status).then(
      () => {
        this.#status = status
      },
      (error) => {
        this.#ending = undefined
        throw error
      },
    )
    return this.#ending
  }

  async #log(batch: Batch): Promise<void> {
    this.#expectRunning()
    await this.#store.logBatch(this.#created, batch, this.#signal)
  }

  #expectRunning(): void {
    this.#signal?.throwIfAborted()
    if (this.#ending) throw new Error(`MLflow: run ${this.runId} was ended; log to it before end().`)
  }
}
