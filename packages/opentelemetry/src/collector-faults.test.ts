import type { ServerResponse } from 'node:http'
import { asset } from 'dagma'
import { describe, expect, it } from 'vitest'
import { openTelemetry } from './index.ts'
import { nobody } from './test/nobody.ts'
import { OtlpReceiver } from './test/otlp-receiver.ts'
import { onlyEnvironment, runShop, warningsOf } from './test/small-project.ts'

const one = asset({ key: 'one', run: () => 1 })
const collectorKey = 'key8of2the6collector'

describe('a run goes well, and ends in time, with a collector', () => {
  const withCollector = async (url: string): Promise<{ tookMs: number; warnings: string[] }> => {
    onlyEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_HEADERS: `x-key=${collectorKey}` })
    const instrument = openTelemetry({ flushTimeoutMs: 300 })
    const began = performance.now()
    const run = await runShop(instrument, [one])
    const tookMs = performance.now() - began
    expect(run.status).toBe('SUCCESS')
    expect(JSON.stringify(run.events)).not.toContain(collectorKey)
    expect(tookMs).toBeLessThan(2_000)
    return { tookMs, warnings: warningsOf(run).map((text) => text.replaceAll(url, 'URL')) }
  }

  it('that is not there', async () => {
    const { warnings } = await withCollector(await nobody())
    expect(warnings.sort()).toEqual([
      'OpenTelemetry: metrics could not be sent to URL/v1/metrics: ECONNREFUSED.',
      'OpenTelemetry: traces could not be sent to URL/v1/traces: ECONNREFUSED.',
    ])
  })

  it('that never answers', async () => {
    await using receiver = await OtlpReceiver.start(() => {})
    const { warnings } = await withCollector(receiver.url)
    expect(warnings.length).toBeGreaterThan(0)
    for (const warning of warnings) expect(warning).toMatch(/within 300 ms|could not be sent/)
  })

  it('that answers drop by drop', async () => {
    const timers: NodeJS.Timeout[] = []
    await using receiver = await OtlpReceiver.start((_request, response) => {
      response.writeHead(200)
      timers.push(setInterval(() => response.write('x'), 50))
    })
    const { warnings } = await withCollector(receiver.url)
    for (const timer of timers) clearInterval(timer)
    expect(warnings).toEqual(['OpenTelemetry: the collector did not answer within 300 ms: what it had not taken is lost.'])
  })

  it.each([
    [401, 'it answered 401'],
    [404, 'it answered 404'],
    [503, 'it gave no answer that it took them'],
  ])('that refuses with %i and says the key back', async (status, reason) => {
    const refuse = (response: ServerResponse, said: unknown) => response.writeHead(status).end(JSON.stringify(said))
    await using receiver = await OtlpReceiver.start((request, response) => void refuse(response, request.headers))
    const { warnings } = await withCollector(receiver.url)
    expect(receiver.headers[0]?.['x-key']).toBe(collectorKey)
    expect(warnings.sort()).toEqual([
      `OpenTelemetry: metrics could not be sent to URL/v1/metrics: ${reason}.`,
      `OpenTelemetry: traces could not be sent to URL/v1/traces: ${reason}.`,
    ])
  })

  it('that is back for the next run of the same process', async () => {
    let isBack = false
    await using receiver = await OtlpReceiver.start((_request, response) => {
      if (isBack) response.writeHead(200).end()
    })
    onlyEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
    const instrument = openTelemetry({ flushTimeoutMs: 200 })
    expect(warningsOf(await runShop(instrument, [one]))).not.toEqual([])
    isBack = true
    expect(warningsOf(await runShop(instrument, [one]))).toEqual([])
  })
})
