/** The findings of `dagma doctor` for the collector. */
import type { Finding } from 'dagma/author'
import { expect, it } from 'vitest'
import { openTelemetry } from './index.ts'
import { nobody } from './test/nobody.ts'
import { OtlpReceiver } from './test/otlp-receiver.ts'
import { onlyEnvironment } from './test/small-project.ts'

const key = 'key8of2the6collector'
const headers = { OTEL_EXPORTER_OTLP_HEADERS: `x-key=${key}` }

async function probe(variables: Readonly<Record<string, string>>): Promise<string[]> {
  onlyEnvironment(variables)
  const context = { projectFolder: '/nowhere', timeoutMs: 2_000, signal: new AbortController().signal }
  const findings = (await openTelemetry().probe?.(context)) ?? []
  expect(findings.every(({ status, fix }: Finding) => status === 'ok' || fix !== undefined)).toBe(true)
  expect(JSON.stringify(findings)).not.toContain(key)
  const root = variables.OTEL_EXPORTER_OTLP_ENDPOINT ?? 'no root'
  return findings.map(({ check, status, message }) => `${status} ${check}: ${message.replaceAll(root, 'URL')}`)
}

it('is off: nothing is sent', async () => {
  expect(await probe({})).toEqual(['local backend: Traces and metrics are not exported.'])
})

it('takes traces and metrics, and has a page for a trace', async () => {
  await using receiver = await OtlpReceiver.start(({ method }, response) => {
    response.writeHead(200, { 'content-type': method === 'GET' ? 'text/html' : 'application/x-protobuf' }).end()
  })
  const { url } = receiver
  expect(await probe({ OTEL_EXPORTER_OTLP_ENDPOINT: url, DAGMA_TRACE_URL_TEMPLATE: `${url}/trace/{trace_id}`, ...headers })).toEqual([
    'ok traces: The collector at URL/v1/traces accepts them.',
    'ok metrics: The collector at URL/v1/metrics accepts them.',
    `ok trace_url: URL/trace/${'0'.repeat(32)} opens`,
  ])
  // In whatever order they came.
  expect(receiver.headers.map((sent) => sent['x-key']).sort()).toEqual([key, key, undefined])
  expect(receiver.bodies.filter(({ length }) => length === 0)).toHaveLength(2) // no spans to the collector, and nothing to the page
})

it('refuses the key, and says it back', async () => {
  await using receiver = await OtlpReceiver.start((request, response) => response.writeHead(401).end(String(request.headers['x-key'])))
  expect(await probe({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...headers })).toEqual([
    'error traces: They could not be sent to URL/v1/traces: it answered 401.',
    'error metrics: They could not be sent to URL/v1/metrics: it answered 401.',
  ])
})

it('is not there, or never answers', async () => {
  expect(await probe({ OTEL_EXPORTER_OTLP_ENDPOINT: await nobody(), OTEL_METRICS_EXPORTER: 'none' })).toEqual([
    'error traces: They could not be sent to URL/v1/traces: ECONNREFUSED.',
  ])
  await using receiver = await OtlpReceiver.start(() => {})
  const [silent] = await probe({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_METRICS_EXPORTER: 'none' })
  expect(silent).toMatch(/^error traces: They could not be sent/)
})

it('has variables that cannot be followed', async () => {
  const variables = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318',
    DAGMA_TRACE_URL_TEMPLATE: 'http://h/trace',
    OTEL_METRICS_EXPORTER: 'prometheus',
  }
  expect(await probe(variables)).toEqual([
    'warning variables: OTEL_EXPORTER_OTLP_ENDPOINT is not an http or https URL without user info: no traces are sent.',
    'warning variables: DAGMA_TRACE_URL_TEMPLATE lacks {trace_id}: there are no links to traces.',
    'ok prometheus: Metrics are served at http://127.0.0.1:9464/metrics while a run lasts.',
  ])
})
