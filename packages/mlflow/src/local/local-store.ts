import { createHash, randomUUID } from 'node:crypto'
import { appendFile, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { MlflowExperiment, MlflowMetric, MlflowRunData, RunStatus } from '../client.ts'
import { artifactPath } from '../limits.ts'
import type { Batch, Entry, RunStore } from '../store.ts'
import { type WireMetric, wireMetric } from '../wire-metric.ts'

/** The file `run.json` of a run. */
interface RunInfo {
  readonly runId: string
  readonly experimentId: string
  readonly name: string
  readonly status: MlflowRunData['status']
  readonly startTime: number
  readonly endTime?: number
}

/**
 * The stub: runs kept as files, one folder each: `<experiment>/<run>/` with `run.json`, `log.jsonl` (a line per call) and `artifacts/`. It opens no socket,
 * and refuses what MLflow would refuse. A run is meant to be written by one process.
 */
export function localStore(folder: string, settings: { readonly experimentId?: string; readonly experimentName?: string }): RunStore {
  const runFolder = async (runId: string) => {
    for (const experimentId of await foldersIn(folder))
      if ((await foldersIn(join(folder, experimentId))).includes(runId)) return join(folder, experimentId, runId)
    throw new Error(`MLflow stub: there is no run ${runId}.`)
  }
  const params = new Map<string, Map<string, string>>()
  return {
    version: async () => 'local',
    experiment: () => openExperiment(folder, settings),
    createRun: async ({ experimentId, name, tags }) => {
      const runId = randomUUID().replaceAll('-', '')
      const run = { runId, experimentId, name: name ?? runId, artifactUri: 'artifacts' }
      const path = join(folder, experimentId, runId)
      await mkdir(path, { recursive: true, mode: 0o700 })
      await appendLine(path, { tags })
      await writeJson(join(path, 'run.json'), {
        runId,
        experimentId,
        name: run.name,
        status: 'RUNNING',
        startTime: Date.now(),
      } satisfies RunInfo)
      params.set(runId, new Map())
      return run
    },
    logBatch: async ({ experimentId, runId }, batch) => {
      keepParams(params.get(runId) ?? new Map(), batch.params ?? [])
      const { metrics } = batch
      await appendLine(join(folder, experimentId, runId), { ...batch, ...(metrics && { metrics: metrics.map(keptMetric) }) })
    },
    putArtifact: async ({ experimentId, runId }, path, content) => {
      const file = join(folder, experimentId, runId, 'artifacts', ...artifactPath(path))
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      await writeFile(file, content)
    },
    endRun: async ({ experimentId, runId }, status: RunStatus) => {
      params.delete(runId)
      const file = join(folder, experimentId, runId, 'run.json')
      await writeJson(file, { ...(await readJson<RunInfo>(file)), status, endTime: Date.now() } satisfies RunInfo)
    },
    getRun: async (runId) => readRun(await runFolder(runId)),
    metricHistory: async (runId, key) => {
      const lines = await readLines(await runFolder(runId))
      return sortedMetrics(lines.flatMap(({ metrics = [] }) => metrics).filter((metric) => metric.key === key))
    },
    readArtifact: async (runId, path) => new Uint8Array(await readFile(join(await runFolder(runId), 'artifacts', ...artifactPath(path)))),
  }
}

/** Params cannot be changed: checks a whole batch before any of it is kept. */
function keepParams(known: Map<string, string>, batch: readonly Entry[]): void {
  for (const { key, value } of batch) {
    if ((known.get(key) ?? value) !== value)
      throw new Error(`MLflow stub: param "${key}" has another value already, and params cannot be changed. Log it as a metric or a tag.`)
  }
  for (const { key, value } of batch) known.set(key, value)
}

async function openExperiment(
  folder: string,
  { experimentId, experimentName }: { readonly experimentId?: string; readonly experimentName?: string },
): Promise<MlflowExperiment> {
  const name = experimentId ? `experiment ${experimentId}` : (experimentName ?? 'Default')
  const id = experimentId || (name === 'Default' ? '0' : idOf(name))
  if (!/^[\w-]+$/.test(id))
    throw new RangeError('MLflow: MLFLOW_EXPERIMENT_ID must be the id of an experiment: letters, digits, "_" and "-".')
  await mkdir(join(folder, id), { recursive: true, mode: 0o700 })
  await writeJson(join(folder, id, 'experiment.json'), { id, name } satisfies MlflowExperiment)
  return { id, name }
}

/** A number like MLflow's ids, always the same for a name: processes need not agree on it. */
function idOf(name: string): string {
  return String(createHash('sha256').update(name).digest().readBigUInt64BE() >> 6n)
}

async function readRun(path: string): Promise<MlflowRunData> {
  const { runId, experimentId, name, status } = await readJson<RunInfo>(join(path, 'run.json'))
  const lines = await readLines(path)
  const texts = (kind: 'params' | 'tags') =>
    Object.fromEntries(lines.flatMap((line) => line[kind] ?? []).map(({ key, value }) => [key, value]))
  const points = sortedMetrics(
    lines.flatMap((line) => line.metrics ?? []),
    'step',
  )
  return {
    runId,
    experimentId,
    name,
    status,
    params: texts('params'),
    tags: texts('tags'),
    metrics: Object.fromEntries(points.map(({ key, value }) => [key, value])),
  }
}

function sortedMetrics(metrics: MlflowMetric[], first?: 'step'): MlflowMetric[] {
  const steps = (a: MlflowMetric, b: MlflowMetric) => a.step - b.step
  const moments = (a: MlflowMetric, b: MlflowMetric) => a.timestamp - b.timestamp
  return metrics.sort((a, b) => (first === 'step' ? steps(a, b) || moments(a, b) : moments(a, b) || steps(a, b)))
}

async function foldersIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return found.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

/** A line of `log.jsonl`. */
type Line = Omit<Batch, 'metrics'> & { readonly metrics?: readonly WireMetric[] }

/** A metric as a server's database keeps it: of what is infinite, the largest number. */
function keptMetric(metric: MlflowMetric): WireMetric {
  return wireMetric({ ...metric, value: Math.min(Math.max(metric.value, -Number.MAX_VALUE), Number.MAX_VALUE) })
}

async function appendLine(path: string, line: Line): Promise<void> {
  await appendFile(join(path, 'log.jsonl'), `${JSON.stringify(line)}\n`)
}

async function readLines(path: string): Promise<Batch[]> {
  const text = await readFile(join(path, 'log.jsonl'), 'utf8')
  const lines = text.split('\n').filter(Boolean)
  return lines.map((line) => {
    const { metrics, ...rest }: Line = JSON.parse(line)
    return { ...rest, ...(metrics && { metrics: metrics.map((metric) => ({ ...metric, value: Number(metric.value) })) }) }
  })
}

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8'))
}

async function writeJson(file: string, value: unknown): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`
  await writeFile(temporary, `${JSON.stringify(value, undefined, 2)}\n`)
  await rename(temporary, file)
}
