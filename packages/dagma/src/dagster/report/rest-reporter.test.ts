/** The way over REST, on a server that records what it receives and answers GraphQL from it as Dagster's does. */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { setEnvironment, thrownBy } from '../../test/temporary.ts'
import type { ReportedEvent, ReportRequest } from './reporter.ts'
import { restReporter } from './rest-reporter.ts'

const golden: ReportRequest = JSON.parse(readFileSync(new URL('../../../../../protocol/golden/report.json', import.meta.url), 'utf8'))
const ids = golden.events.map(({ id }) => id)

interface Received {
  readonly asset_key: readonly string[]
  readonly metadata: Readonly<Record<string, unknown>>
  readonly check_name?: string
  readonly partition?: string | null
}

interface Asked {
  readonly query: string
  readonly variables: {
    readonly key: { readonly path: readonly string[] }
    readonly check?: string
    readonly partitions?: readonly string[] | null
    readonly cursor?: string | null
    readonly limit?: number
  }
}

/** A web server as Dagster's, below `/dagster`. */
class WebServer {
  readonly received: { readonly path: string; readonly body: Received }[] = []
  readonly headers: IncomingHttpHeaders[] = []
  readonly asked: string[] = []
  /** The answer to a report, by its number from 1; by default all are taken. */
  status: (number: number) => number = () => 200
  #received = 0
  readonly #server = createServer(async (request, response) => {
    this.headers.push(request.headers)
    const path = (request.url ?? '').replace('/dagster/', '')
    const body = await json(request)
    const status = path === 'graphql' ? 200 : this.status(++this.#received)
    if (path !== 'graphql' && status === 200) this.received.push({ path, body: body as Received })
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(path === 'graphql' ? { data: this.#answer(body as Asked) } : { error: 'a long text with a secret' }))
  })

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/dagster/`
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  #answer({ query, variables: { key, check, partitions = null, cursor = null, limit = 0 } }: Asked): unknown {
    this.asked.push(query)
    const found = (path: string) =>
      this.received
        .filter(({ path: at, body }) => at === path && body.asset_key.join() === key.path.join() && body.check_name === check)
        .filter(({ body }) => partitions === null || partitions.includes(body.partition ?? ''))
        .map(({ body }) => ({ metadataEntries: Object.entries(body.metadata).map(([label, text]) => ({ label, text })) }))
    if (check === undefined)
      return {
        assetOrError: {
          events: found(query.includes('assetMaterializations') ? 'report_asset_materialization/' : 'report_asset_observation/'),
        },
      }
    const newestFirst = found('report_asset_check/')
      .map((evaluation, id) => ({ id: String(id), evaluation }))
      .toReversed()
    return { assetCheckExecutions: newestFirst.filter(({ id }) => cursor === null || Number(id) < Number(cursor)).slice(0, limit) }
  }
}

let server: WebServer
let address = ''
beforeEach(async () => {
  setEnvironment({ DAGSTER_API_TOKEN: undefined, DAGSTER_API_TOKEN_HEADER: undefined })
  server = new WebServer()
  address = await server.start()
})
afterEach(() => server.stop())

describe('what is sent', () => {
  test('goes to the endpoint of its kind, its metadata as plain JSON', async () => {
    expect(await restReporter(address, '--to').report(golden)).toEqual(ids)
    const [revenue, positive, fresh, daily, feed] = server.received
    expect(server.received.map(({ path }) => path)).toEqual([
      'report_asset_materialization/',
      'report_asset_check/',
      'report_asset_check/',
      'report_asset_materialization/',
      'report_asset_observation/',
    ])
    expect(revenue?.body).toMatchObject({
      asset_key: ['shop', 'revenue'],
      partition: null,
      data_version: 'v1',
      metadata: {
        text: 'plain',
        url: 'https://example.com/run/1',
        float: 2.5,
        null: null,
        timestamp: '2026-01-01T00:00:00.500Z',
        table_schema: { columns: [{ name: 'day' }] },
        'dagma/event_id': ids[0],
      },
    })
    expect(positive?.body).toMatchObject({ check_name: 'positive', passed: true, severity: 'ERROR' })
    expect(fresh?.body).toMatchObject({
      check_name: 'fresh',
      passed: false,
      severity: 'WARN',
      metadata: { days: 2, description: 'It is two days old.' },
    })
    expect(daily?.body).toMatchObject({ asset_key: ['daily'], partition: '2026-01-01', data_version: null })
    expect(feed?.body).toMatchObject({ asset_key: ['feed'], data_version: '7' })
  })

  test('is not sent twice', async () => {
    await restReporter(address, '--to').report(golden)
    expect(await restReporter(address, '--to').report(golden)).toEqual([])
    expect(server.received).toHaveLength(ids.length)
  })

  test('is not sent twice, whatever the clocks say, however much was reported since', async () => {
    const many = golden.events.flatMap((event) =>
      Array.from({ length: 120 }, (_, number) => {
        const id = `other:${number}`
        return { ...event, id, metadata: { 'dagma/event_id': { type: 'text' as const, raw_value: id } } }
      }),
    )
    await restReporter(address, '--to').report(golden)
    await restReporter(address, '--to').report({ events: many })
    expect(await restReporter(address, '--to').report(golden)).toEqual([])
    expect(server.asked.join()).not.toMatch(/timestamp/i)
  })

  test('has passed the gate', async () => {
    setEnvironment({ DAGSTER_API_TOKEN: 'a-token-nobody-may-see' })
    const reporter = restReporter(address, '--to')
    const [first] = golden.events as [ReportedEvent]
    await reporter.report({ ...golden, events: [{ ...first, metadata: { note: { type: 'text', raw_value: 'a-token-nobody-may-see' } } }] })
    expect(server.received[0]?.body.metadata).toEqual({ note: '[redacted]' })
  })
})

describe('a report that was cut off', () => {
  test('is completed by the next, and the error names the event, not the answer', async () => {
    server.status = (number) => (number === 3 ? 400 : 200)
    const { message } = await thrownBy(() => restReporter(address, '--to').report(golden))
    expect(message).toBe(
      `Dagster: report the check fresh of shop/revenue failed: POST ${address}report_asset_check/ answered 400: Bad Request. Check what was asked for; the log of Dagster may say more.`,
    )
    expect(await restReporter(address, '--to').report(golden)).toEqual(ids.slice(2))
    expect(server.received).toHaveLength(ids.length)
  })

  test('is not sent again by itself: the server may have taken it', async () => {
    server.status = (number) => (number === 1 ? 502 : 200)
    await expect(restReporter(address, '--to').report(golden)).rejects.toThrow('Bad Gateway')
    expect(server.received).toEqual([])
  })
})

describe('the token', () => {
  test.each([
    [undefined, 'authorization', 'Bearer a-token-nobody-may-see'],
    ['Dagster-Cloud-Api-Token', 'dagster-cloud-api-token', 'a-token-nobody-may-see'],
  ])('with DAGSTER_API_TOKEN_HEADER=%s goes in the header %s, and into no error', async (header, name, value) => {
    setEnvironment({ DAGSTER_API_TOKEN: 'a-token-nobody-may-see', DAGSTER_API_TOKEN_HEADER: header })
    server.status = () => 401
    const { message, stack } = await thrownBy(() => restReporter(address, '--to').report(golden))
    expect(server.headers.map((headers) => headers[name])).toEqual([value, value])
    expect(message).toContain(
      'answered 401: Unauthorized. Start the web server without --read-only; if it or a proxy requires a token, check DAGSTER_API_TOKEN.',
    )
    expect(message + stack).not.toContain('nobody-may-see')
  })

  test('is not sent when it is not set', async () => {
    await restReporter(address, '--to').report(golden)
    expect(server.headers.every(({ authorization }) => authorization === undefined)).toBe(true)
  })

  test('header must be one', () => {
    setEnvironment({ DAGSTER_API_TOKEN_HEADER: 'a b' })
    expect(() => restReporter(address, '--to')).toThrow('"DAGSTER_API_TOKEN_HEADER" must be the name of an HTTP header')
  })
})

test.each(['localhost:3000', 'ftp://localhost', 'http://me:pass-word-here@localhost', ''])(
  'the address %j is wrong usage',
  async (wrong) => {
    const error = await thrownBy(() => restReporter(wrong, 'DAGSTER_URL'))
    expect(error).toMatchObject({ code: 'DAGMA_OPTION_INVALID', kind: 'definition' })
    expect(error.message).not.toContain('pass-word-here')
  },
)
