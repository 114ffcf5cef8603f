import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { asset, Failure, materializeResult, multiAsset, resource, retryPolicy, secret } from 'dagma'
import { httpService } from 'dagma/author'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openTelemetry } from './index.ts'
import { OtlpReceiver } from './test/otlp-receiver.ts'
import { onlyEnvironment, runShop, warningsOf } from './test/small-project.ts'

/** A server that refuses the first requests, and echoes everything it received; with the `traceparent` of each. */
async function shopServer(refusals: number): Promise<{ baseUrl: string; parents: string[] }> {
  const parents: string[] = []
  const server = createServer((request, response) => {
    parents.push(String(request.headers.traceparent))
    const status = parents.length <= refusals ? 503 : 200
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ echo: request.headers, url: request.url }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, parents }
}

const store = resource({
  open: (baseUrl: string) =>
    httpService({
      system: 'Store',
      baseUrl,
      baseUrlSetting: 'STORE_URL',
      authSetting: 'STORE_KEY',
      auth: { bearer: secret('STORE_KEY') },
      retries: 1,
      retryDelayMs: 1,
      database: { system: 'store', collection: 'docs' },
    }),
})

const template = 'http://localhost:16686/trace/{trace_id}'

describe('the trace of a run', () => {
  it('has the run, its steps and their calls in one tree, with what they tell', async () => {
    await using receiver = await OtlpReceiver.start()
    onlyEnvironment({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_SERVICE_NAME: 'shop',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
      DAGMA_TRACE_URL_TEMPLATE: template,
      STORE_KEY: 'key-of-the-store',
    })
    const { baseUrl, parents } = await shopServer(1)
    const raw = asset({ key: 'raw', group: 'shop', run: () => materializeResult([1], { metadata: { backend: 'local', count: 1 } }) })
    const sent = asset({
      key: 'sent',
      inputs: { raw },
      resources: { store },
      run: ({ resources }) => resources.store.json({ operation: 'put items', method: 'PUT', path: 'items' }),
    })
    const run = await runShop(openTelemetry(), [raw, sent], { store: store(baseUrl) })
    expect(run.status).toBe('SUCCESS')
    expect(warningsOf(run)).toEqual([])
    expect(receiver.tree()).toEqual(['run shop_job', '  step raw', '  step sent', '    Store put items'])

    const traceId = run.runId.replaceAll('-', '')
    expect(new Set(receiver.spans.map((span) => span.traceId))).toEqual(new Set([traceId]))
    expect(run.materializations.get('sent')?.metadata.trace_url).toEqual({
      type: 'url',
      raw_value: template.replace('{trace_id}', traceId),
    })
    const call = receiver.span('Store put items')
    expect(parents).toEqual([`00-${traceId}-${call.spanId}-01`, `00-${traceId}-${call.spanId}-01`])
    expect(call).toMatchObject({ kind: 3, status: 0, schemaUrl: 'https://opentelemetry.io/schemas/1.45.0' })
    expect(call.attributes).toEqual({
      'dagma.span_kind': 'call',
      'dagma.system': 'Store',
      'dagma.operation': 'put items',
      'dagma.status': 'success',
      'db.system.name': 'store',
      'db.collection.name': 'docs',
      'db.operation.name': 'put items',
      'http.request.method': 'PUT',
      'http.request.resend_count': 1,
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(baseUrl).port),
      'url.full': `${baseUrl}/items`,
    })
    expect(receiver.span('step raw').attributes).toEqual({
      'dagma.span_kind': 'step',
      'dagma.step_name': 'raw',
      'dagma.step_kind': 'materialize',
      'dagma.asset_keys': ['raw'],
      'dagma.asset_group': 'shop',
      'dagma.event_type': 'materialization',
      'dagma.backend': 'local',
      'dagma.retry_count': 0,
      'dagma.size_bytes': 3,
      'dagma.status': 'success',
    })
    const root = receiver.span('run shop_job')
    expect(root.attributes).toEqual({
      'dagma.span_kind': 'run',
      'dagma.run_id': run.runId,
      'dagma.job_name': 'shop_job',
      'dagma.asset_keys': ['raw', 'sent'],
      'dagma.host': 'embedded',
      'dagma.status': 'success',
    })
    expect(root.resource).toMatchObject({ 'service.name': 'shop', 'deployment.environment': 'test' })
  })

  it('has each attempt, what went wrong in it, and each asset of a step that makes several', async () => {
    await using receiver = await OtlpReceiver.start()
    onlyEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
    let tries = 0
    const flaky = asset({
      key: 'flaky',
      retryPolicy: retryPolicy({ maxRetries: 1 }),
      run: () => {
        if (tries++ === 0) throw new TypeError('not yet')
        throw new Failure('never')
      },
    })
    const both = multiAsset({ name: 'both', assets: { one: {}, two: {} }, run: () => ({ one: 1, two: 22 }) })
    const run = await runShop(openTelemetry(), [flaky, both as never])
    expect(run.status).toBe('FAILURE')
    expect(run.materializations.get('one')?.metadata.trace_url).toBeUndefined()
    const attempts = receiver.spans.filter(({ name }) => name === 'step flaky')
    expect(attempts.map(({ attributes, status }) => [attributes['dagma.retry_count'], attributes['dagma.status'], status])).toEqual([
      [0, 'failure', 2],
      [1, 'failure', 2],
    ])
    expect(attempts[0]?.attributes).toMatchObject({
      'error.type': 'UserCodeError',
      'exception.message': expect.stringContaining('Step "flaky" failed: not yet.'),
    })
    expect(receiver.span('step both').events).toEqual([
      { name: 'asset', attributes: expect.objectContaining({ 'dagma.asset_key': 'one', 'dagma.size_bytes': 1 }) },
      { name: 'asset', attributes: expect.objectContaining({ 'dagma.asset_key': 'two', 'dagma.size_bytes': 2 }) },
    ])
    expect(receiver.span('run shop_job')).toMatchObject({ status: 2, attributes: { 'dagma.status': 'failure' } })
  })

  it('is left out where it is not sampled: then there is no link, and the system gets an unsampled traceparent', async () => {
    await using receiver = await OtlpReceiver.start()
    onlyEnvironment({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_TRACES_SAMPLER: 'always_off',
      DAGMA_TRACE_URL_TEMPLATE: template,
      STORE_KEY: 'key-of-the-store',
    })
    const { baseUrl, parents } = await shopServer(0)
    const sent = asset({
      key: 'sent',
      resources: { store },
      run: ({ resources }) => resources.store.json({ operation: 'get items', method: 'GET', path: 'items' }),
    })
    const run = await runShop(openTelemetry(), [sent], { store: store(baseUrl) })
    expect(run.materializations.get('sent')?.metadata.trace_url).toBeUndefined()
    expect(receiver.spans).toEqual([])
    expect(parents).toEqual([expect.stringMatching(/-00$/)])
    expect(receiver.metrics.map(({ name }) => name)).toContain('dagma_runs_total')
  })

  it('has long texts cut', async () => {
    await using receiver = await OtlpReceiver.start()
    onlyEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
    const long = asset({
      key: 'long',
      run: () => {
        throw new Error('x'.repeat(100_000))
      },
    })
    await runShop(openTelemetry(), [long])
    const { attributes, statusText } = receiver.span('step long')
    expect(String(attributes['exception.message'])).toHaveLength(1001)
    expect(statusText).toHaveLength(1001)
  })
})

it('a template that is none gives no link, and one warning without the template', async () => {
  await using receiver = await OtlpReceiver.start()
  onlyEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, DAGMA_TRACE_URL_TEMPLATE: 'http://someone:hunter22@t/{trace_id}' })
  const run = await runShop(openTelemetry(), [asset({ key: 'one', run: () => 1 })])
  expect(run.materializations.get('one')?.metadata.trace_url).toBeUndefined()
  expect(warningsOf(run)).toEqual([
    'OpenTelemetry: DAGMA_TRACE_URL_TEMPLATE is not an http or https URL without user info: there are no links to traces.',
  ])
})

it('no secret is in spans, metrics or headers: of URLs, headers, errors, metadata or resource attributes', async () => {
  await using receiver = await OtlpReceiver.start()
  const canary = 'canary9of7the3store'
  const collectorKey = 'canary5of1the2collector'
  onlyEnvironment({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: `x-key=Bearer%20${collectorKey}`,
    OTEL_RESOURCE_ATTRIBUTES: `note=${canary}`,
    DAGMA_TRACE_URL_TEMPLATE: template,
    STORE_KEY: canary,
  })
  const { baseUrl } = await shopServer(99)
  const instrument = openTelemetry()
  const leaky = asset({
    key: 'leaky',
    resources: { store },
    run: async ({ resources, log }) => {
      log.info(`${canary} and ${collectorKey}`)
      await resources.store
        .json({ operation: `get ${canary}`, method: 'GET', path: `items/${canary}`, query: { key: canary } })
        .catch(() => {})
      throw new Error(`${canary} and ${Buffer.from(canary).toString('base64')} and ${collectorKey}`)
    },
  })
  const shown = asset({
    key: 'shown',
    run: () => materializeResult(1, { metadata: { backend: canary, operation: `Bearer ${canary}`, model: collectorKey } }),
  })
  const run = await runShop(instrument, [leaky, shown], { store: store(baseUrl) })
  expect([...receiver.tree()].sort()).toEqual(['    Store get [redacted]', '  step leaky', '  step shown', 'run shop_job'])
  expect(receiver.headers[0]?.['x-key']).toBe(`Bearer ${collectorKey}`)
  const everything = Buffer.concat(receiver.bodies).toString('latin1') + JSON.stringify(run.events)
  for (const text of [canary, collectorKey, Buffer.from(canary).toString('base64')]) expect(everything).not.toContain(text)
  expect(everything).toContain('[redacted]')
})
