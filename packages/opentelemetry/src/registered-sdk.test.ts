import { context, metrics, trace } from '@opentelemetry/api'
import { InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, InMemorySpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import { asset } from 'dagma'
import { expect, it, onTestFinished } from 'vitest'
import { openTelemetry } from './index.ts'
import { OtlpReceiver } from './test/otlp-receiver.ts'
import { onlyEnvironment, runShop } from './test/small-project.ts'

it('goes to what the program has registered, and is flushed when the run ends', async () => {
  await using receiver = await OtlpReceiver.start()
  onlyEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  const spans = new InMemorySpanExporter()
  const measured = new InMemoryMetricExporter(0)
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter: spans })] }))
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter: measured })] }))
  onTestFinished(() => {
    trace.disable()
    metrics.disable()
    context.disable()
  })
  const run = await runShop(openTelemetry(), [asset({ key: 'one', run: () => 1 })])
  expect(run.status).toBe('SUCCESS')
  const finished = spans.getFinishedSpans()
  expect(finished.map(({ name }) => name)).toEqual(['step one', 'run shop_job'])
  expect(finished[0]?.parentSpanContext?.spanId).toBe(finished[1]?.spanContext().spanId)
  expect(finished[1]?.attributes['dagma.run_id']).toBe(run.runId)
  const names = measured
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics.map((one) => one.descriptor.name)))
  expect(names).toContain('dagma_step_duration_seconds')
  expect(receiver.bodies).toEqual([])
})
