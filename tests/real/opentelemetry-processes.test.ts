/** Telemetry of the example project, as its users get it: whole processes on both hosts, exported to a collector; and none of it when it is off. */
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { OtlpReceiver } from '../../packages/opentelemetry/src/test/otlp-receiver.ts'
import { canaryFor, LeakSearch, plainCanaryFor } from '../support/canaries.ts'
import { echoServer } from '../support/echo-server.ts'
import { fakeSystems } from '../support/fake-systems.ts'
import { run } from '../support/processes.ts'
import { ragTrace } from '../support/rag-trace.ts'
import { platformProject } from '../support/test-project.ts'
import { WorkerRun } from '../support/worker-run.ts'

const template = 'http://localhost:16686/trace/{trace_id}'
/** Spans of stored values come before the materialization. */
const materialized = ['report_custom_message', 'report_asset_materialization']
const ragSteps: readonly (readonly [step: string, reports: readonly string[]])[] = [
  ['embed_texts_stub', materialized],
  ['qdrant_upsert', materialized],
  ['qdrant_upsert_retrieval_quality', ['report_asset_check']],
  ['qdrant_search', materialized],
]

function expectRagTrace(receiver: OtlpReceiver, runId: string, host: string): void {
  expect([...new Set(receiver.tree())]).toEqual(ragTrace)
  expect(new Set(receiver.spans.map(({ traceId }) => traceId))).toEqual(new Set([runId.replaceAll('-', '')]))
  expect(receiver.span('run run_llm_rag_job').attributes).toMatchObject({ 'dagma.run_id': runId, 'dagma.host': host })
  expect(receiver.span('step qdrant_search').attributes).toMatchObject({ 'dagma.backend': 'qdrant', 'dagma.operation': 'query points' })
  expect(receiver.span('Qdrant query points').attributes).toMatchObject({
    'db.system.name': 'qdrant',
    'db.collection.name': 'dagma_docs_fake_model',
    'db.operation.name': 'query points',
    'http.response.status_code': 200,
  })
  expect(new Set(receiver.metrics.map(({ name }) => name))).toEqual(
    new Set([
      'dagma_runs_total',
      'dagma_step_duration_seconds',
      'dagma_output_bytes',
      'dagma_call_duration_seconds',
      'dagma_model_tokens_total',
    ]),
  )
  for (const { labels } of receiver.metrics) expect(JSON.stringify(labels)).not.toContain(runId)
}

describe('one trace of a RAG run has the run, its steps and the outgoing calls in one tree', () => {
  it('on the embedded engine', async () => {
    using project = platformProject()
    await using systems = await fakeSystems()
    await using receiver = await OtlpReceiver.start()
    const env = { ...systems.variables, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, DAGMA_TRACE_URL_TEMPLATE: template }
    const [shown] = [
      await project.dagmaJson<{ runId: string; events: { type: string; metadata?: { trace_url?: unknown } }[] }>(
        ['job', 'launch', '-j', 'run_llm_rag_job'],
        { env },
      ),
    ]
    expectRagTrace(receiver, shown.runId, 'embedded')
    const links = shown.events.filter(({ type }) => type === 'ASSET_MATERIALIZATION').map(({ metadata }) => metadata?.trace_url)
    const link = { type: 'url', raw_value: template.replace('{trace_id}', shown.runId.replaceAll('-', '')) }
    expect(links).toEqual([link, link, link])
  })

  it('in the worker of a Dagster run, under its run id', async () => {
    using project = platformProject()
    await using systems = await fakeSystems()
    await using receiver = await OtlpReceiver.start()
    using worker = new WorkerRun(project.folder, { ...systems.variables, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
    const runId = randomUUID()
    for (const [step, reports] of ragSteps)
      expect(await worker.step(step, runId, 'run_llm_rag_job')).toEqual(['opened', ...reports, 'closed'])
    expect(await worker.end(), worker.printed).toBe(0)
    expectRagTrace(receiver, runId, 'dagster')
  })
})

describe('a collector that is dead keeps no process', () => {
  it.each([
    ['that is not there', 'http://127.0.0.1:9'],
    ['that never answers', undefined],
  ])('%s', async (_what, url) => {
    using project = platformProject()
    await using receiver = await OtlpReceiver.start(() => {})
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: url ?? receiver.url }
    const began = performance.now()
    const { code, stdout } = await project.dagma(['asset', 'materialize', '-s', 'raw_numbers'], { env })
    expect(code).toBe(0)
    expect(stdout).toMatch(/OpenTelemetry: .*(could not be sent|did not answer)/)
    expect(performance.now() - began).toBeLessThan(8_000)
    using worker = new WorkerRun(project.folder, env)
    await worker.step('raw_numbers', randomUUID(), 'job')
    const ending = performance.now()
    expect(await worker.end()).toBe(0)
    expect(performance.now() - ending).toBeLessThan(6_000)
  })
})

it('no secret is in spans, metrics or the output of a run, on both hosts', async () => {
  using project = platformProject()
  await using server = await echoServer()
  await using receiver = await OtlpReceiver.start()
  const secrets = {
    QDRANT_API_KEY: plainCanaryFor('QDRANT_API_KEY'),
    LANGFLOW_API_KEY: plainCanaryFor('LANGFLOW_API_KEY'),
    MLFLOW_TRACKING_TOKEN: canaryFor('MLFLOW_TRACKING_TOKEN'),
  }
  const collectorKey = canaryFor('OTEL_HEADERS')
  const env = {
    ...secrets,
    QDRANT_URL: server.url,
    LANGFLOW_BASE_URL: server.url,
    LANGFLOW_DEFAULT_FLOW_ID: 'flow',
    MLFLOW_TRACKING_URI: server.url,
    MLFLOW_USE_TRACKING: 'true',
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: `x-key=${encodeURIComponent(collectorKey)}`,
    OTEL_RESOURCE_ATTRIBUTES: `note=${secrets.QDRANT_API_KEY}`,
  }
  const search = new LeakSearch({ ...secrets, collectorKey })
  const { stdout, stderr } = await project.dagma(['asset', 'materialize', '-s', '*'], { env })
  search.text('the command line', stdout + stderr)
  using worker = new WorkerRun(project.folder, env)
  for (const step of ['embed_texts_stub', 'qdrant_upsert', 'langflow_run_flow', 'train_model_stub'])
    await worker.step(step, '0', 'job').catch(() => undefined)
  await worker.end()
  search.text('the worker', worker.printed)
  for (const body of receiver.bodies) search.text('the collector', body)
  search.folder(project.dagmaFolder, ['python', 'values'])
  expect(receiver.headers[0]?.['x-key']).toBe(collectorKey)
  expect(receiver.spans.filter(({ status, kind }) => status === 2 && kind === 3).length).toBeGreaterThan(4)
  for (const secret of Object.values(secrets)) expect(server.received()).toContain(secret)
  expect([...new Set(search.found)]).toEqual([])
})

it('off, no library of OpenTelemetry is loaded and no socket is opened', async () => {
  using project = platformProject()
  const script = join(project.folder, 'run.mjs')
  writeFileSync(
    script,
    `
    import { registerHooks } from 'node:module'
    import net from 'node:net'
    const seen = { modules: [], sockets: [] }
    registerHooks({
      resolve: (specifier, context, next) => {
        const found = next(specifier, context)
        if (found.url.includes('/@opentelemetry/')) seen.modules.push(found.url)
        return found
      },
    })
    for (const [proto, name] of [[net.Socket.prototype, 'connect'], [net.Server.prototype, 'listen']]) {
      const real = proto[name]
      proto[name] = function (...args) { seen.sockets.push(name); return real.apply(this, args) }
    }
    const { materialize } = await import('dagma')
    const { default: definitions } = await import('./src/definitions.ts')
    const run = await materialize(definitions, { projectFolder: '.' })
    seen.watched = Object.getOwnPropertySymbols(globalThis).some((key) => key.description === 'dagma.outgoing-calls')
    console.log(JSON.stringify({ status: run.status, ...seen }))
    `,
  )
  const off = await run(process.execPath, [script], { cwd: project.folder })
  expect(JSON.parse(off.stdout), off.stderr).toEqual({ status: 'SUCCESS', modules: [], sockets: [], watched: false })
  await using receiver = await OtlpReceiver.start()
  const on = await run(process.execPath, [script], { cwd: project.folder, env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } })
  const seen = JSON.parse(on.stdout) as { modules: string[]; sockets: string[] }
  expect(seen.modules.length).toBeGreaterThan(3) // the hooks do see them
  expect(seen.sockets).toContain('connect')
})
