import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { httpService } from '../author.ts'
import { asset } from '../definitions/assets/asset.ts'
import { retryPolicy } from '../definitions/assets/retry-policy.ts'
import { job } from '../definitions/automation/job.ts'
import { definitions } from '../definitions/definitions.ts'
import type { Instrument } from '../definitions/instrument.ts'
import { resource } from '../definitions/resource.ts'
import { secret } from '../metadata/redaction/secret.ts'
import { setEnvironment, temporaryFolder } from '../test/temporary.ts'
import { materialize } from './materialize.ts'

/** An instrument that records its calls. */
function recording(traceUrl?: string): { instrument: Instrument; recorded: unknown[][] } {
  const recorded: unknown[][] = []
  const startCall = (of: string) => (call: object) => {
    recorded.push(['call', of, call])
    return { headers: { traceparent: `of ${of}` }, end: (end: object) => void recorded.push(['call ended', of, end]) }
  }
  const instrument: Instrument = {
    startRun: ({ runId, ...run }) => {
      recorded.push(['run', { ...run, hasId: runId.length === 36 }])
      return {
        startCall: startCall('the run'),
        startStep: (step) => {
          recorded.push(['step', step])
          return {
            startCall: startCall(step.name),
            traceUrls: { trace_url: traceUrl },
            within: (work) => work(),
            reported: ({ assetKey, metadata }) => void recorded.push(['reported', assetKey, metadata.status?.raw_value]),
            end: ({ latencyMs, ...end }) => void recorded.push(['step ended', step.name, { ...end, ran: latencyMs > 0 }]),
          }
        },
        end: (status) => void recorded.push(['run ended', status]),
      }
    },
  }
  return { instrument, recorded }
}

async function server(status: number, body: string): Promise<{ baseUrl: string; heard: string[] }> {
  const heard: string[] = []
  const made = createServer((request, response) => {
    heard.push(`${request.method} ${request.url} ${request.headers.traceparent}`)
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  }).listen(0, '127.0.0.1')
  await once(made, 'listening')
  onTestFinished(() => void made.close())
  return { baseUrl: `http://127.0.0.1:${(made.address() as AddressInfo).port}/api`, heard }
}

const service = (baseUrl: string) =>
  httpService({ system: 'Store', baseUrl, baseUrlSetting: 'STORE_URL', authSetting: 'STORE_KEY', retries: 1, retryDelayMs: 1 })

test('an instrument is notified of the run, the attempts of its steps, their calls, and of materializations', async () => {
  setEnvironment({ WATCHED_KEY: 'watched-secret-value' })
  const key = secret('WATCHED_KEY')
  const { baseUrl, heard } = await server(200, '{}')
  const { instrument, recorded } = recording('http://traces/1')
  const store = resource({
    open: () => service(baseUrl),
    close: (client) => client.send({ operation: 'say goodbye', method: 'DELETE', path: 'session' }),
  })
  let tries = 0
  const stored = asset({
    key: 'stored',
    group: 'shop',
    resources: { store },
    retryPolicy: retryPolicy({ maxRetries: 1 }),
    run: async ({ resources }) => {
      await resources.store.json({ operation: 'put item', method: 'PUT', path: `items/${key.reveal()}`, query: { key: key.reveal() } })
      if (tries++ === 0) throw new Error(`refused ${key.reveal()}`)
      return 1
    },
  })
  const defs = definitions({
    assets: [stored],
    jobs: [job({ name: 'shop_job', selection: '*' })],
    resources: { store: store({}) },
    instrument,
  })
  const run = await materialize(defs, { job: 'shop_job', projectFolder: temporaryFolder() })
  expect(run.status).toBe('SUCCESS')
  expect(run.materializations.get('stored')?.metadata.trace_url).toEqual({ type: 'url', raw_value: 'http://traces/1' })
  expect(heard).toEqual([
    'PUT /api/items/watched-secret-value?key=watched-secret-value of stored',
    'PUT /api/items/watched-secret-value?key=watched-secret-value of stored',
    'DELETE /api/session of the run',
  ])
  const step = { name: 'stored', kind: 'materialize', assetKeys: [['stored']], group: 'shop', owners: [] }
  const call = ['call', 'stored', { system: 'Store', operation: 'put item', method: 'PUT', url: `${baseUrl}/items/[redacted]` }]
  const callEnded = ['call ended', 'stored', { status: 'success', httpStatus: 200, resent: 0 }]
  expect(recorded).toEqual([
    ['run', { host: 'embedded', jobName: 'shop_job', part: 'all', hasId: true }],
    ['step', { ...step, retryNumber: 0 }],
    call,
    callEnded,
    ['step ended', 'stored', { status: 'failure', ran: true, error: expect.objectContaining({ name: 'UserCodeError' }) }],
    ['step', { ...step, retryNumber: 1 }],
    call,
    callEnded,
    ['reported', ['stored'], 'success'],
    ['step ended', 'stored', { status: 'success', ran: true }],
    ['call', 'the run', { system: 'Store', operation: 'say goodbye', method: 'DELETE', url: `${baseUrl}/session` }],
    ['call ended', 'the run', { status: 'success', httpStatus: 200, resent: 0 }],
    ['run ended', 'success'],
  ])
  expect(JSON.stringify(recorded)).not.toContain('watched-secret-value')
})

test('a call that fails is reported with its status and error, redacted, and how often it was sent again', async () => {
  setEnvironment({ WATCHED_KEY: 'watched-secret-value' })
  const key = secret('WATCHED_KEY')
  const { baseUrl } = await server(503, '{"error":"watched-secret-value"}')
  const { instrument, recorded } = recording()
  const run = () => service(baseUrl).json({ operation: 'get item', method: 'GET', path: `items/${key.reveal()}` })
  const defs = definitions({ assets: [asset({ key: 'fetched', run })], instrument })
  expect((await materialize(defs, { projectFolder: temporaryFolder() })).status).toBe('FAILURE')
  const [ended] = recorded.filter(([what]) => what === 'call ended')
  expect(ended?.[2]).toEqual({
    status: 'failure',
    httpStatus: 503,
    resent: 1,
    error: `Store: get item failed: GET ${baseUrl}/items/[redacted] answered 503: Service Unavailable.`,
  })
  expect(JSON.stringify(recorded)).not.toContain('watched-secret-value')
  expect(recorded.at(-1)).toEqual(['run ended', 'failure'])
})

/** An instrument of which one member of what follows a step throws, after it did `first`. */
function failingAt(name: string, first: (work: () => unknown) => unknown = () => undefined): Instrument {
  const fail = (work: () => unknown): unknown => {
    const result = first(work)
    if (name === 'end' && result !== undefined) return result
    throw new Error('no collector')
  }
  const step = {
    startCall: () => ({ headers: {}, end: () => {} }),
    traceUrls: {},
    within: (work: () => unknown) => work(),
    reported: () => {},
    end: () => {},
  }
  const startStep = () => Object.defineProperty({ ...step }, name, { get: () => (name === 'traceUrls' ? fail(() => {}) : fail) }) as never
  return { startRun: () => ({ startCall: step.startCall, startStep, end: () => {} }) }
}

test('an instrument may leave the work undone, or ask for it twice: it is done once', async () => {
  for (const times of [0, 2]) {
    let ran = 0
    const within = (work: () => unknown) => Array.from({ length: times }, work) as never
    const instrument = failingAt('nothing')
    const startRun: Instrument['startRun'] = async (...run) => {
      const observer = await instrument.startRun(...run)
      return observer && { ...observer, startStep: (started) => ({ ...observer.startStep(started), within }) }
    }
    const defs = definitions({ assets: [asset({ key: 'a', run: () => void ran++ })], instrument: { startRun } })
    expect((await materialize(defs, { projectFolder: temporaryFolder() })).status).toBe('SUCCESS')
    expect(ran).toBe(1)
  }
})

test.each<[string, Instrument]>([
  [
    'that cannot start',
    {
      startRun: () => {
        throw new Error('no collector')
      },
    },
  ],
  [
    'that fails in the middle',
    {
      startRun: async () => ({
        startCall: () => ({ headers: {}, end: () => {} }),
        startStep: () => {
          throw new Error('no collector')
        },
        end: () => {},
      }),
    },
  ],
  ...['within', 'reported', 'end'].map((name): [string, Instrument] => [`whose steps' ${name} throws`, failingAt(name)]),
  ['whose trace URL fails', failingAt('traceUrls')],
  ['that throws after the work', failingAt('within', (work) => work())],
  ['whose steps end with a promise that rejects', failingAt('end', () => Promise.reject(new Error('no collector')))],
])('an instrument %s leaves the run alone, with one warning', async (_what, instrument) => {
  const defs = definitions({ assets: [asset({ key: 'a', run: () => 1 }), asset({ key: 'b', run: () => 2 })], instrument })
  const run = await materialize(defs, { projectFolder: temporaryFolder() })
  expect(run.status).toBe('SUCCESS')
  const warnings = run.events.filter((event) => event.type === 'LOG').map(({ step, level, message }) => `${step} ${level}: ${message}`)
  expect(warnings).toEqual(['instrument warning: The instrument failed and is disabled for this run: no collector'])
})
