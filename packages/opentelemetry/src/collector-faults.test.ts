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
  const withCollector = async (url: string, flushTimeoutMs = 60_000): Promise<string[]> => {
    onlyEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_HEADERS: `x-key=${collectorKey}` })
    const run = await runShop(openTelemetry({ flushTimeoutMs }), [one])
    expect(run.status).toBe('SUCCESS')
    expect(JSON.stringify(run.events)).not.toContain(collectorKey)
    return warningsOf(run).map((text) => text.replaceAll(url, 'URL'))
  }

  it('that is not there', async () => {
    const warnings = await withCollector(await nobody())
    expect(warnings.sort()).toEqual([
      'OpenTelemetry: metrics could not be sent to URL/v1/metrics: ECONNREFUSED.',
      'OpenTelemetry: traces could not be sent to URL/v1/traces: ECONNREFUSED.',
    ])
  })

  it('that never answers', async () => {
    await using receiver = await OtlpReceiver.start(() => {})
    // Two limits of 300 ms race: of the flush, and of the requests in it.
    const warnings = await withCollector(receiver.url, 300)
    expect(warnings.length).toBeGreaterThan(0)
    for (const warning of warnings) expect(warning).toMatch(/within 300 ms|could not be sent/)
  })

  it('that answers drop by drop', async () => {
    const timers: NodeJS.Timeout[] = []
    await using receiver = await OtlpReceiver.start((_request, response) => {
      response.writeHead(200)
      timers.push(setInterval(() => response.write('x'), 50))
    })
    const warnings = await withCollector(receiver.url, 300)
    for (const timer of timers) clearInterval(timer)
    expect(warnings).toEqual(['OpenTelemetry: the collector did not answer within 300 ms: what it had not taken is lost.'])
  })

  it.each([
    [401, 'it answered 401', 60_000],
    [404, 'it answered 404', 60_000],
    // It is asked again until the time is over.
    [503, 'it gave no answer that it took them', 2_000],
  ])('that refuses with %i and says the key back', async (status, reason, flushTimeoutMs) => {
    const refuse = (response: ServerResponse, said: unknown) => response.writeHead(status).end(JSON.stringify(said))
    await using receiver = await OtlpReceiver.start((request, response) => void refuse(response, request.headers))
    const warnings = await withCollector(receiver.url, flushTimeoutMs)
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
    // Long enough for an answer on a busy machine: the first run waits as long.
    const instrument = openTelemetry({ flushTimeoutMs: 2_000 })
    expect(warningsOf(await runShop(instrument, [one]))).not.toEqual([])
    isBack = true
    expect(warningsOf(await runShop(instrument, [one]))).toEqual([])
  })
})
