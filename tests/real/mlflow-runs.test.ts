/** MLflow runs of failed and canceled steps, and the way back to Dagster, with a real MLflow server, on both hosts. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OtlpReceiver } from '../../packages/opentelemetry/src/test/otlp-receiver.ts'
import { mlflowExecutable, startMlflow } from '../../scripts/test-services/mlflow.ts'
import type { TestService } from '../../scripts/test-services/service.ts'
import { dagsterRuns } from '../support/dagster-instance.ts'
import { type DevServer, startDev } from '../support/dev-server.ts'
import { type EchoServer, echoServer } from '../support/echo-server.ts'
import { graphql, launchRun } from '../support/graphql.ts'
import { lacks, needsPython } from '../support/needs.ts'
import { smallProject, type TestProject } from '../support/test-project.ts'

const definitions = `
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { langflow, langflowFromEnv } from '@dagma/langflow'
import { mlflow, mlflowFromEnv, mlflowTraces } from '@dagma/mlflow'
import { openTelemetry } from '@dagma/opentelemetry'
import { asset, definitions, job } from 'dagma'
import { traceOperation } from 'dagma/author'

const refused = asset({
  key: 'refused',
  resources: { mlflow, langflow },
  run: ({ resources, assetKey, signal }) => resources.mlflow.withRun({ assetKey, signal }, async (run) => {
    await run.logParams({ a: 1 })
    await resources.langflow.runFlow({ input: 'a', signal })
  }),
})
const waits = asset({
  key: 'waits',
  resources: { mlflow },
  run: ({ resources, assetKey, signal }) => resources.mlflow.withRun({ assetKey, signal }, async (run) => {
    await run.logMetrics({ loss: 1 })
    console.log('it waits')
    await sleep(60_000, undefined, { signal })
  }),
})
const passage = 'canary passage that stays here'
const found = asset({
  key: ['docs', 'found'],
  run: () => traceOperation(
    { kind: 'retrieval', name: 'find pages', system: 'wiki', input: () => ({ question: passage }) },
    async () => [{ id: 'p1', score: 0.5, text: passage }],
    (hits) => ({ documents: hits, output: () => hits.map(({ text }) => text) }),
  ),
})
const answered = asset({
  key: ['docs', 'answered'],
  inputs: { found },
  run: ({ inputs }) => traceOperation(
    { kind: 'generation', name: 'answer', system: 'maker', model: 'm-1', input: () => [{ role: 'user', content: passage }] },
    async () => 'from ' + inputs.found.length,
    () => ({ usage: { inputTokens: 70, outputTokens: 2 }, output: () => passage }),
  ),
})
const breaks = asset({ key: 'breaks', run: () => { throw new Error('no') } })
const lasts = asset({ key: 'lasts', run: async ({ signal }) => { while (!existsSync('go')) await sleep(50, undefined, { signal }) } })
export default definitions({
  assets: [refused, waits, found, answered, breaks, lasts],
  instrument: openTelemetry({ destinations: [mlflowTraces(mlflowFromEnv)] }),
  jobs: [job({ name: 'refused_job', selection: [refused] }), job({ name: 'waits_job', selection: [waits] }),
    job({ name: 'docs_job', selection: [found, answered], executor: 'multiprocess' }),
    job({ name: 'partly_job', selection: [breaks, lasts], executor: 'multiprocess' })],
  resources: { mlflow: mlflow(mlflowFromEnv), langflow: langflow(langflowFromEnv) },
})
`

/** A run as MLflow's API tells it, its tags by their keys. */
interface TrackedRun {
  readonly status: string
  readonly tags: Readonly<Record<string, string>>
}

/** A trace as MLflow's API tells it. */
interface MlflowTrace {
  readonly trace_id: string
  readonly state: string
  readonly tags: Readonly<Record<string, string>>
  readonly trace_metadata?: Readonly<Record<string, string>>
}

interface MlflowSpan {
  readonly name: string
  readonly span_id: string
  readonly parent_span_id: string | null
  readonly start_time_unix_nano: number
  readonly end_time_unix_nano: number
  readonly status: { readonly code: string }
}

describe.skipIf(lacks(needsPython(), mlflowExecutable() ? '' : 'there is no MLflow.'))('an MLflow run', () => {
  let project: TestProject
  let mlflow: TestService
  let refusing: EchoServer
  let collector: OtlpReceiver
  let env: Record<string, string>
  beforeAll(async () => {
    project = smallProject(definitions)
    refusing = await echoServer()
    collector = await OtlpReceiver.start()
    mlflow = await startMlflow()
    env = {
      MLFLOW_USE_TRACKING: 'true',
      MLFLOW_TRACKING_URI: mlflow.url,
      LANGFLOW_BASE_URL: refusing.url,
      LANGFLOW_DEFAULT_FLOW_ID: 'flow',
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${collector.url}/v1/metrics`,
    }
  }, 180_000)
  afterAll(async () => {
    await mlflow?.stop()
    await refusing?.[Symbol.asyncDispose]()
    await collector?.[Symbol.asyncDispose]()
    project?.[Symbol.dispose]()
  })

  /** How often runs of a job were counted, and how they ended. */
  function counted(job: string): unknown[] {
    const points = collector.metrics.filter(({ name }) => name === 'dagma_runs_total').flatMap(({ labels }) => labels)
    return points.flatMap(({ job_name, status }) => (job_name === job ? [status] : []))
  }

  /** A trace with its spans, as MLflow's page reads it. */
  async function artifactOf(id: string): Promise<string> {
    return await (await fetch(`${mlflow.url}/ajax-api/3.0/mlflow/get-trace-artifact?request_id=${id}`)).text()
  }

  async function spansOf(id: string): Promise<readonly MlflowSpan[]> {
    return (JSON.parse(await artifactOf(id)) as { readonly spans?: readonly MlflowSpan[] }).spans ?? []
  }

  /** The run that was tracked for a run of this host. */
  async function tracked(runId: string): Promise<TrackedRun | undefined> {
    const answer = await fetch(`${mlflow.url}/api/2.0/mlflow/runs/search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ experiment_ids: ['0'], filter: `tags."dagster.run_id" = '${runId}'` }),
    })
    const { runs = [] } = (await answer.json()) as {
      runs?: { info: { status: string }; data: { tags: { key: string; value: string }[] } }[]
    }
    const [run] = runs
    expect(runs.length).toBeLessThan(2)
    return run && { status: run.info.status, tags: Object.fromEntries(run.data.tags.map(({ key, value }) => [key, value])) }
  }

  /** The traces of the experiment, as MLflow's API tells them. */
  async function traces(): Promise<MlflowTrace[]> {
    const locations = [{ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '0' } }]
    const answer = await fetch(`${mlflow.url}/api/3.0/mlflow/traces/search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ locations }),
    })
    return ((await answer.json()) as { traces?: MlflowTrace[] }).traces ?? []
  }

  const failure = { status: 'failure', system: 'LangFlow', operation: 'run flow', http_status: 401, error_type: 'ServiceError' }

  describe('of the embedded engine', () => {
    it('is FAILED when a call in it failed; the step tells which call', async () => {
      await project.dagma(['asset', 'materialize', '--select', 'refused'], { env })
      const [run] = await project.dagmaJson<{ runId: string }[]>(['run', 'list'])
      const { events } = await project.dagmaJson<{ events: { type: string; metadata?: Record<string, { raw_value: unknown }> }[] }>([
        'run',
        'show',
        run?.runId ?? '',
      ])
      const { metadata = {} } = events.find(({ type }) => type === 'STEP_FAILURE') ?? {}
      expect(Object.fromEntries(Object.entries(metadata).map(([key, { raw_value }]) => [key, raw_value]))).toMatchObject(failure)
      const { status, tags } = (await tracked(run?.runId ?? '')) ?? {}
      expect({ status, key: tags?.['dagster.asset_key'], url: tags?.['dagster.run_url'] }).toEqual({ status: 'FAILED', key: 'refused' })
    })

    it('is KILLED on Ctrl-C', async () => {
      const running = project.startDagma(['asset', 'materialize', '--select', 'waits'], env)
      await running.until(({ printed }) => printed.includes('it waits'))
      running.child.kill('SIGINT')
      await running.ended
      const [run] = await project.dagmaJson<{ runId: string; status: string }[]>(['run', 'list'])
      expect(run?.status).toBe('CANCELED')
      expect(await tracked(run?.runId ?? '')).toMatchObject({ status: 'KILLED' })
    })
  })

  describe('of the real Dagster', () => {
    let dev: DevServer
    beforeAll(async () => {
      dev = await startDev(project, env)
    }, 180_000)
    afterAll(() => dev?.running.kill())

    const ended = (runId: string): Promise<string> =>
      dev.running.until(async () => {
        const { data } = await graphql(dev.address, 'query Run($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }', {
          id: runId,
        })
        const { status } = (data as { runOrError: { status: string } }).runOrError
        return /^(?:SUCCESS|FAILURE|CANCELED)$/.test(status) && status
      })

    it('is FAILED when a call in it failed, and leads back to the page of the Dagster run', async () => {
      const runId = await launchRun(dev.address, 'refused_job')
      expect(await ended(runId)).toBe('FAILURE')
      const page = `${dev.address}/runs/${runId}`
      expect(await tracked(runId)).toMatchObject({
        status: 'FAILED',
        tags: { 'dagster.asset_key': 'refused', 'dagster.run_id': runId, 'dagster.run_url': page },
      })
      expect((await fetch(page)).headers.get('content-type')).toMatch(/^text\/html/)
      const { text } = await graphql(
        dev.address,
        `query Run($id: ID!) { runOrError(runId: $id) { ... on Run { eventConnection { events {
          ... on ExecutionStepFailureEvent { failureMetadata { metadataEntries { label ... on TextMetadataEntry { text } ... on IntMetadataEntry { intValue } } } }
        } } } } }`,
        { id: runId },
      )
      for (const [label, value] of Object.entries(failure))
        expect(text.replaceAll(' ', '')).toContain(
          `{"label":"${label}",${JSON.stringify(typeof value === 'number' ? 'intValue' : 'text')}:${JSON.stringify(value).replaceAll(' ', '')}}`,
        )
    })

    it('is FAILED together with its trace', async () => {
      const state = async () => (await traces()).find(({ trace_metadata: data }) => data?.['mlflow.trace.session'] === 'refused_job')?.state
      expect(await dev.running.until(state)).toBe('ERROR')
    })

    it('has one trace in MLflow, whose steps were made by several processes, without a word of the texts', async () => {
      const runId = await launchRun(dev.address, 'docs_job')
      expect(await ended(runId)).toBe('SUCCESS')
      const id = `tr-${runId.replaceAll('-', '')}`
      // MLflow stores what it has taken a moment later.
      const whole = ({ trace_id, trace_metadata }: MlflowTrace) =>
        trace_id === id && trace_metadata?.['mlflow.trace.tokenUsage'] !== undefined
      const trace = await dev.running.until(async () => (await traces()).find(whole))
      expect(trace).toMatchObject({
        state: 'OK',
        tags: {
          'dagster.run_id': runId,
          'dagster.run_url': `${dev.address}/runs/${runId}`,
          'dagster.asset_url': expect.stringMatching(`^${dev.address}/assets/docs/(found|answered)$`),
        },
        trace_metadata: { 'mlflow.trace.session': 'docs_job', 'mlflow.trace.tokenUsage': expect.stringContaining('"total_tokens": 72') },
      })
      const text = await artifactOf(id)
      const { spans } = JSON.parse(text) as { spans: MlflowSpan[] }
      const roots = spans.filter(({ parent_span_id: parent }) => !parent)
      expect(roots.map(({ name }) => name)).toEqual(['run docs_job'])
      const nameOf = new Map(spans.map(({ span_id, name }) => [span_id, name]))
      expect(Object.fromEntries(spans.map(({ name, parent_span_id: parent }) => [name, parent ? nameOf.get(parent) : null]))).toEqual({
        'run docs_job': null,
        'step docs__found': 'run docs_job',
        'wiki find pages': 'step docs__found',
        'step docs__answered': 'run docs_job',
        'maker answer': 'step docs__answered',
      })
      const began = (name: string) => BigInt(spans.find((span) => span.name === name)?.start_time_unix_nano ?? 0)
      expect(began('run docs_job') <= began('step docs__found')).toBe(true)
      expect(text.replaceAll('\\', '')).toContain('"score": 0.5')
      expect(text).not.toContain('canary')
      expect(counted('docs_job'), 'the run, not its processes').toEqual(['success'])
      expect(JSON.stringify(trace)).not.toContain('canary')
    })

    it('has a failed trace when a step failed, whichever ended last, each in its process', async () => {
      const runId = await launchRun(dev.address, 'partly_job')
      const failed = 'query Run($id: ID!) { runOrError(runId: $id) { ... on Run { stats { ... on RunStatsSnapshot { stepsFailed } } } } }'
      await dev.running.until(async () => (await graphql(dev.address, failed, { id: runId })).text.includes('"stepsFailed":1'))
      writeFileSync(join(project.folder, 'go'), '')
      expect(await ended(runId)).toBe('FAILURE')
      const id = `tr-${runId.replaceAll('-', '')}`
      const end = (spans: readonly MlflowSpan[], name: string) => BigInt(spans.find((span) => span.name === name)?.end_time_unix_nano ?? 0)
      const isWhole = async () => {
        const spans = await spansOf(id).catch(() => [])
        return end(spans, 'step lasts') > 0n && end(spans, 'run partly_job') >= end(spans, 'step lasts')
      }
      await dev.running.until(isWhole)
      // MLflow keeps the state of a trace that has failed once; its root span is the one of the process that ended last.
      expect((await spansOf(id)).find(({ parent_span_id: parent }) => !parent)?.status.code).toBe('STATUS_CODE_ERROR')
      expect((await traces()).find(({ trace_id }) => trace_id === id)?.state).toBe('ERROR')
      expect(counted('partly_job')).toEqual(['failure'])
    })

    it('is KILLED when the run is terminated', async () => {
      const runId = await launchRun(dev.address, 'waits_job')
      await dev.running.until(async () => (await tracked(runId))?.status === 'RUNNING')
      await graphql(dev.address, 'mutation Stop($id: String!) { terminateRun(runId: $id) { __typename } }', { id: runId })
      expect(await ended(runId)).toBe('CANCELED')
      expect((await dagsterRuns(project)).find(({ run_id }) => run_id === runId)?.status).toBe('CANCELED')
      await dev.running.until(async () => (await tracked(runId))?.status === 'KILLED', 15_000)
      await dev.running.until(async () => counted('waits_job').length > 0)
      expect(counted('waits_job')).toEqual(['canceled'])
    })
  })
})
