/** Work with models in the trace of a run, and destinations beside the collector. */
import { asset } from 'dagma'
import { type OpenTraceDestination, type TraceDestination, traceOperation } from 'dagma/author'
import { expect, it } from 'vitest'
import { openTelemetry } from './index.ts'
import { OtlpReceiver } from './test/otlp-receiver.ts'
import { onlyEnvironment, runShop, warningsOf } from './test/small-project.ts'

const passage = 'a passage that stays here'

const answered = asset({
  key: ['shop', 'answered'],
  run: async () => {
    const hits = await traceOperation(
      { kind: 'retrieval', name: 'find pages', system: 'wiki', facts: { limit: 1 }, input: () => ({ question: 'which?' }) },
      async () => [{ id: 'p1', score: 0.5, text: passage }],
      (found) => ({ documents: found, output: () => found.map(({ text }) => text) }),
    )
    return traceOperation(
      { kind: 'generation', name: 'answer', system: 'maker', model: 'm-1', input: () => [{ role: 'user', content: 'which?' }] },
      async () => `see ${hits.length}`,
      (text) => ({ usage: { inputTokens: 7, outputTokens: 2 }, model: 'm-1-2026', facts: { finish_reason: 'stop' }, output: () => text }),
    )
  },
})

/** A destination with this receiver. */
function destination(receiver: OtlpReceiver, more: Partial<TraceDestination> = {}): TraceDestination {
  const open = async (): Promise<OpenTraceDestination> => ({
    url: `${receiver.url}/v1/traces`,
    headers: () => ({ 'x-experiment': '7' }),
    traceUrls: (traceId) => ({ mlflow_trace_url: `https://mlflow.example.com/${traceId}` }),
    attributes: ({ kind }) => ({ 'mlflow.spanType': kind.toUpperCase(), 'mlflow.spanInputs': { nested: [kind] } }),
  })
  return { system: 'MLflow', isOn: () => true, open, ...more }
}

it('spans of operations have the conventions’ names, and no text', async () => {
  await using receiver = await OtlpReceiver.start()
  onlyEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  expect((await runShop(openTelemetry(), [answered])).status).toBe('SUCCESS')
  expect(receiver.tree()).toEqual(['run shop_job', '  step shop__answered', '    wiki find pages', '    maker answer'])
  expect(receiver.span('wiki find pages').attributes).toEqual({
    'dagma.span_kind': 'retrieval',
    'dagma.operation': 'find pages',
    'dagma.limit': 1,
    'dagma.status': 'success',
    'gen_ai.operation.name': 'retrieval',
    'gen_ai.provider.name': 'wiki',
    'gen_ai.retrieval.documents': '[{"id":"p1","score":0.5}]',
  })
  expect(receiver.span('maker answer').attributes).toEqual({
    'dagma.span_kind': 'generation',
    'dagma.operation': 'answer',
    'dagma.finish_reason': 'stop',
    'dagma.status': 'success',
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'maker',
    'gen_ai.request.model': 'm-1',
    'gen_ai.response.model': 'm-1-2026',
    'gen_ai.usage.input_tokens': 7,
    'gen_ai.usage.output_tokens': 2,
  })
  for (const body of receiver.bodies) expect(body.includes(passage) || body.includes('which?')).toBe(false)
})

it.each<[string, Parameters<typeof openTelemetry>[0], Record<string, string>]>([
  ['the variable', {}, { DAGMA_TRACE_CONTENT: 'summary' }],
  ['the option', { content: 'full' }, {}],
])('texts are carried where %s asks for them', async (_what, options, variables) => {
  await using receiver = await OtlpReceiver.start()
  onlyEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...variables })
  await runShop(openTelemetry({ ...options, personalFields: ['content'] }), [answered])
  expect(receiver.span('wiki find pages').attributes).toMatchObject({
    'dagma.input': '{"question":"which?"}',
    'dagma.output': JSON.stringify([passage]),
  })
  expect(receiver.span('maker answer').attributes).toMatchObject({
    'gen_ai.input.messages': '[{"role":"user"}]',
    'gen_ai.output.messages': '"see 1"',
  })
})

it('a value of the variable that is not known is warned of, and carries no text', async () => {
  await using receiver = await OtlpReceiver.start()
  onlyEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, DAGMA_TRACE_CONTENT: 'all' })
  const run = await runShop(openTelemetry(), [answered])
  expect(warningsOf(run)).toEqual(['OpenTelemetry: DAGMA_TRACE_CONTENT is none of off, summary and full: spans carry no texts.'])
  for (const body of receiver.bodies) expect(body.includes(passage)).toBe(false)
})

it('a destination gets the same trace without metrics, with what it wants to know; the collector does not', async () => {
  await using collector = await OtlpReceiver.start()
  await using other = await OtlpReceiver.start()
  onlyEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  const run = await runShop(openTelemetry({ destinations: [destination(other)] }), [answered])
  expect(warningsOf(run)).toEqual([])
  expect(other.tree()).toEqual(collector.tree())
  expect(other.spans.map(({ spanId, traceId }) => [spanId, traceId])).toEqual(
    collector.spans.map(({ spanId, traceId }) => [spanId, traceId]),
  )
  expect(other.metrics).toEqual([])
  expect(other.headers.every((headers) => headers['x-experiment'] === '7')).toBe(true)
  expect(collector.headers.some((headers) => 'x-experiment' in headers)).toBe(false)
  expect(other.span('maker answer').attributes['mlflow.spanType']).toBe('GENERATION')
  expect(other.spans.every(({ status }) => status === 1)).toBe(true)
  expect(collector.span('maker answer').attributes['mlflow.spanType']).toBeUndefined()
  const { metadata } = run.materializations.get('shop/answered') ?? {}
  expect(metadata?.mlflow_trace_url).toEqual({ type: 'url', raw_value: `https://mlflow.example.com/${run.runId.replaceAll('-', '')}` })
})

it('a destination alone is enough; a run has its own, found when it begins', async () => {
  await using first = await OtlpReceiver.start()
  await using second = await OtlpReceiver.start()
  onlyEnvironment({})
  let runs = 0
  const open = () => destination(runs++ === 0 ? first : second).open(AbortSignal.timeout(1_000))
  const instrument = openTelemetry({ destinations: [destination(first, { open })] })
  const [one, two] = [await runShop(instrument, [answered]), await runShop(instrument, [answered])]
  expect([one, two].flatMap(warningsOf)).toEqual([])
  for (const [receiver, run] of [
    [first, one],
    [second, two],
  ] as const) {
    expect(receiver.tree()).toHaveLength(4)
    expect(receiver.span('run shop_job').traceId).toBe(run.runId.replaceAll('-', ''))
  }
})

it('a destination that cannot be found costs the run nothing but its trace there', async () => {
  await using receiver = await OtlpReceiver.start()
  onlyEnvironment({})
  const open = () => Promise.reject(new Error('the experiment is gone.'))
  const run = await runShop(openTelemetry({ destinations: [destination(receiver, { open })] }), [answered])
  expect(run.status).toBe('SUCCESS')
  expect(warningsOf(run)).toEqual(['OpenTelemetry: this run has no trace in MLflow: the experiment is gone.'])
  expect(run.materializations.get('shop/answered')?.metadata.mlflow_trace_url).toBeUndefined()
  expect(receiver.spans).toEqual([])
})

it('a destination that is off is not opened', async () => {
  onlyEnvironment({})
  const open = () => Promise.reject(new Error('it was opened'))
  const off: TraceDestination = { system: 'MLflow', isOn: () => false, open }
  expect(warningsOf(await runShop(openTelemetry({ destinations: [off] }), [answered]))).toEqual([])
})

it('a destination with wrong settings takes nothing from the others, and doctor names it', async () => {
  await using collector = await OtlpReceiver.start()
  await using receiver = await OtlpReceiver.start()
  onlyEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  const isOn = () => {
    throw new RangeError('MLFLOW_USE_TRACKING must be true or false.')
  }
  const instrument = openTelemetry({ destinations: [destination(receiver, { isOn })] })
  const run = await runShop(instrument, [answered])
  expect(warningsOf(run)).toEqual(['OpenTelemetry: this run has no trace in MLflow: MLFLOW_USE_TRACKING must be true or false.'])
  expect(collector.tree()).toHaveLength(4)
  expect(receiver.spans).toEqual([])
  const context = { projectFolder: '/nowhere', timeoutMs: 2_000, signal: new AbortController().signal }
  expect(await instrument.probe?.(context)).toContainEqual({
    check: 'traces in MLflow',
    status: 'error',
    message: 'MLFLOW_USE_TRACKING must be true or false.',
    fix: 'Correct the value.',
  })
})

it('the root of a run has the same id whichever process makes it', async () => {
  const roots: string[] = []
  const { RunIds } = await import('./own-sdk.ts')
  for (const runId of ['17a20217-325f-4329-890d-afa3151f2a8f', '17a20217-325f-4329-890d-afa3151f2a8f', 'not-a-uuid', 'not-a-uuid']) {
    const ids = new RunIds()
    ids.setNext(runId)
    roots.push(`${ids.generateTraceId()} ${ids.generateSpanId()}`)
    expect(ids.generateSpanId()).not.toBe(roots.at(-1)?.split(' ')[1])
  }
  expect(roots[0]).toMatch(/^17a20217325f4329890dafa3151f2a8f [0-9a-f]{16}$/)
  expect(roots[2]).toMatch(/^[0-9a-f]{32} [0-9a-f]{16}$/)
  expect([roots[1], roots[3]]).toEqual([roots[0], roots[2]])
})
