import { describe, expect, it } from 'vitest'
import { headerSecrets, type OpenTelemetryOptions, readSettings } from './settings.ts'
import { onlyEnvironment } from './test/small-project.ts'

const read = (variables: Readonly<Record<string, string>>, options: OpenTelemetryOptions = {}) => {
  onlyEnvironment(variables)
  const { tracesUrl, metricsUrl, prometheus, warnings } = readSettings(options)
  return { tracesUrl, metricsUrl, prometheus, warnings }
}
const off = { tracesUrl: undefined, metricsUrl: undefined, prometheus: undefined, warnings: [] }

describe('where telemetry goes', () => {
  it('is nowhere when nothing says so', () => {
    expect(read({})).toEqual(off)
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_SERVICE_NAME: 'shop' })).toEqual(off)
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_SDK_DISABLED: 'true' })).toEqual(off)
  })

  it.each<[Readonly<Record<string, string>>, OpenTelemetryOptions, object]>([
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/' },
      {},
      { tracesUrl: 'http://c:4318/v1/traces', metricsUrl: 'http://c:4318/v1/metrics' },
    ],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://t/in' }, {}, { tracesUrl: 'http://t/in' }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c/x', OTEL_METRICS_EXPORTER: 'none' }, {}, { tracesUrl: 'http://c/x/v1/traces' }],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, {}, { tracesUrl: 'http://localhost:4318/v1/traces' }],
    [{ OTEL_METRICS_EXPORTER: 'prometheus' }, {}, { prometheus: { host: '127.0.0.1', port: 9464 } }],
    [
      { OTEL_METRICS_EXPORTER: 'prometheus, otlp', OTEL_EXPORTER_PROMETHEUS_PORT: '9000', OTEL_EXPORTER_PROMETHEUS_HOST: '0.0.0.0' },
      {},
      { prometheus: { host: '0.0.0.0', port: 9000 }, metricsUrl: 'http://localhost:4318/v1/metrics' },
    ],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://environment', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://environment/t' },
      { endpoint: 'https://code', metrics: 'none' },
      { tracesUrl: 'https://code/v1/traces' },
    ],
  ])('%o %o', (variables, options, expected) => {
    expect(read(variables, options)).toEqual({ ...off, ...expected })
  })

  it.each([
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://c' },
      'OTEL_EXPORTER_OTLP_ENDPOINT is not an http or https URL without user info: no traces are sent.',
    ],
    [
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://someone:secret@c/v1/traces' },
      'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is not an http or https URL without user info: no traces are sent.',
    ],
    [
      { OTEL_METRICS_EXPORTER: 'prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: 'x' },
      'OTEL_EXPORTER_PROMETHEUS_PORT is not a port: there is no Prometheus endpoint.',
    ],
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, 'OTEL_TRACES_EXPORTER names an exporter that is not known here: known are otlp, none.'],
  ])('says what it cannot follow: %o', (variables, warning) => {
    const { warnings, ...rest } = read(variables)
    expect(warnings).toContain(warning)
    expect({ ...rest, warnings: [] }).toEqual(off)
  })

  it('warns of a protocol that it does not speak', () => {
    const { warnings, tracesUrl } = read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })
    expect(tracesUrl).toBe('http://c/v1/traces')
    expect(warnings).toEqual(['Only the protocol http/protobuf is spoken, not the one that OTEL_EXPORTER_OTLP_PROTOCOL names.'])
  })
})

it('finds the secrets in headers', () => {
  expect(headerSecrets('authorization=Bearer%20abcdefgh, x-key=12%zz=')).toEqual(
    expect.arrayContaining(['Bearer%20abcdefgh', 'Bearer abcdefgh', 'abcdefgh', '12%zz=']),
  )
})
