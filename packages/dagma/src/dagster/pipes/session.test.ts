import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { DagmaError } from '../../errors.ts'
import { MetadataValue } from '../../metadata/metadata-value.ts'
import { secret } from '../../metadata/redaction/secret.ts'
import { pipesContext } from '../../test/pipes-context.ts'
import { setEnvironment, thrownBy } from '../../test/temporary.ts'
import { MessageSender } from './message-sender.ts'
import type { PipesMetadata } from './metadata.ts'
import { messageLine, type PipesContextData, type PipesMessage } from './protocol.ts'
import { PipesSession } from './session.ts'

const context = pipesContext({ job_name: 'job' })

const schema = JSON.parse(readFileSync(new URL('../../../../../protocol/worker.schema.json', import.meta.url), 'utf8'))
const ajv = new Ajv2020({ allowUnionTypes: true })
ajv.addSchema(schema)
const fits = ajv.compile({ $ref: 'dagma:worker#/$defs/pipes/properties/message' })

/** A session that keeps what it sends, as text, as it goes over a wire. */
function session(changes: Partial<PipesContextData> = {}) {
  const lines: string[] = []
  const made = new PipesSession({
    data: { ...context, ...changes },
    sender: new MessageSender((message) => lines.push(messageLine(message)), { where: 'here' }),
    ending: () => {},
    ended: async () => {},
  })
  const messages = (): PipesMessage[] => lines.map((line) => JSON.parse(line))
  return { session: made, lines, messages }
}

/** The code of the error that each call throws, or its message. */
function codesOf(...calls: readonly (() => unknown)[]): string[] {
  return calls.map((call) => {
    try {
      return `no error: ${call()}`
    } catch (error) {
      return error instanceof DagmaError ? error.code : String(error)
    }
  })
}

/** As JavaScript without types may give it. */
function untyped(value: object) {
  return JSON.parse(JSON.stringify(value))
}

describe('a Pipes session', () => {
  test('opens, logs, reports and closes in messages that fit the schema', async () => {
    const { session: pipes, messages } = session({ asset_keys: ['warehouse/sum', 'other'] })
    pipes.log.info('two numbers, π and e')
    pipes.log.warning('careful')
    pipes.reportAssetMaterialization({
      assetKey: 'warehouse/sum',
      metadata: { result: 10, page: MetadataValue.url('https://example.com/sum') },
      dataVersion: 'v1',
    })
    pipes.reportAssetMaterialization({ assetKey: 'other' })
    pipes.reportAssetCheck({ assetKey: 'other', checkName: 'fresh', passed: false, severity: 'WARN', metadata: { share: 0.5 } })
    pipes.reportAssetCheck({ assetKey: 'other', checkName: 'whole', passed: true })
    pipes.reportCustomMessage({ any: ['data'] })
    pipes.logExternalStream('stdout', 'a line\n')
    await pipes.close()
    for (const message of messages()) expect(fits(message), JSON.stringify(fits.errors)).toBe(true)
    expect(messages().map(({ method, params }) => `${method} ${JSON.stringify(params)}`)).toMatchInlineSnapshot(`
      [
        "opened {"extras":{"where":"here"}}",
        "log {"message":"two numbers, π and e","level":"INFO"}",
        "log {"message":"careful","level":"WARNING"}",
        "report_asset_materialization {"asset_key":"warehouse/sum","metadata":{"result":{"type":"int","raw_value":10},"page":{"type":"url","raw_value":"https://example.com/sum"}},"data_version":"v1"}",
        "report_asset_materialization {"asset_key":"other","metadata":{},"data_version":null}",
        "report_asset_check {"asset_key":"other","check_name":"fresh","passed":false,"severity":"WARN","metadata":{"share":{"type":"float","raw_value":0.5}}}",
        "report_asset_check {"asset_key":"other","check_name":"whole","passed":true,"severity":"ERROR","metadata":{}}",
        "report_custom_message {"payload":{"any":["data"]}}",
        "log_external_stream {"stream":"stdout","text":"a line\\n","extras":{}}",
        "closed {}",
      ]
    `)
  })

  test('writes ASCII only, as Python does', () => {
    const { session: pipes, lines, messages } = session()
    const text = 'π \u2028 \u{1F600} \x7f'
    pipes.log.info(text)
    expect(lines.at(-1)).toMatch(/^[ -~]+$/)
    expect(messages().at(-1)?.params.message).toBe(text)
  })

  test('writes a whole float as a float, since Dagster takes no other', () => {
    const { session: pipes, lines } = session()
    const metadata: PipesMetadata = {
      whole: MetadataValue.float(5),
      zero: MetadataValue.float(-0),
      part: 0.5,
      huge: MetadataValue.float(1e21),
      big: MetadataValue.float(1e20),
      raw: { type: 'float', raw_value: 5 },
      int: 5,
      at: MetadataValue.timestamp(5),
    }
    pipes.reportAssetMaterialization({ metadata })
    pipes.reportAssetCheck({ checkName: 'c', passed: true, metadata })
    const written = (line = '') =>
      [...line.matchAll(/"(\w+)":\{"type":"\w+","raw_value":([^}]*)\}/g)].map(([, key, value]) => `${key} ${value}`)
    expect(written(lines[1])).toMatchInlineSnapshot(`
      [
        "whole 5.0",
        "zero 0.0",
        "part 0.5",
        "huge 1e+21",
        "big 100000000000000000000.0",
        "raw 5.0",
        "int 5",
        "at 5",
      ]
    `)
    expect(written(lines[2])).toEqual(written(lines[1]))
  })

  test('closes with the error that stopped it, causes and all', async () => {
    const { session: pipes, messages } = session()
    const error = new TypeError('no such table', { cause: new Error('connection refused') })
    error.stack = `TypeError: no such table\n    at read (/home/me/report.ts:3:7)\n    at node:internal/main:1:1`
    await pipes.close(error)
    await pipes.close()
    expect(messages()).toHaveLength(2)
    expect(messages()[1]).toMatchObject({
      method: 'closed',
      params: {
        exception: {
          name: 'TypeError',
          message: 'no such table',
          stack: ['    at read (/home/me/report.ts:3:7)\n'],
          cause: { name: 'Error', message: 'connection refused', cause: null, context: null },
          context: null,
        },
      },
    })
  })

  test('closes at the end of its block', async () => {
    const { session: pipes, messages } = session()
    {
      await using used = pipes
      used.log.info('x')
    }
    expect(pipes.isClosed).toBe(true)
    expect(messages().at(-1)).toMatchObject({ method: 'closed', params: {} })
  })

  test('sends nothing after its end', async () => {
    const { session: pipes, messages } = session()
    await pipes.close()
    expect(codesOf(() => pipes.log.info('late'))).toEqual(['DAGMA_PIPES_CLOSED'])
    expect(messages()).toHaveLength(2)
  })

  test('need the asset where it has none or several, and takes no other', () => {
    for (const asset_keys of [null, [], ['a', 'b']])
      expect(
        codesOf(
          () => session({ asset_keys }).session.reportAssetMaterialization(),
          () => session({ asset_keys }).session.reportAssetCheck({ checkName: 'c', passed: true }),
        ),
      ).toEqual(['DAGMA_PIPES_ASSET_KEY', 'DAGMA_PIPES_ASSET_KEY'])
    expect(codesOf(() => session().session.reportAssetMaterialization({ assetKey: 'other' }))).toEqual(['DAGMA_PIPES_ASSET_KEY'])
    session({ asset_keys: null }).session.reportAssetMaterialization({ assetKey: 'any' })
  })

  test('reports an asset once; a report that failed does not count', async () => {
    const { session: pipes } = session()
    await thrownBy(() => pipes.reportAssetMaterialization({ metadata: { bad: { type: 'int', raw_value: 'x' } } }))
    pipes.reportAssetMaterialization()
    expect(codesOf(() => pipes.reportAssetMaterialization())).toEqual(['DAGMA_PIPES_REPORT_INVALID'])
  })

  test('refuses what would stop Dagster’s reader', () => {
    const { session: pipes, messages } = session()
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    for (const payload of [undefined, Number.NaN, 1n, () => 1, { a: [Number.POSITIVE_INFINITY] }, cycle])
      expect(codesOf(() => pipes.reportCustomMessage(payload))).toEqual(['DAGMA_PIPES_REPORT_INVALID'])
    for (const wrong of [{ checkName: 5 }, { checkName: '' }, { passed: 1 }, { severity: 'BAD' }])
      expect(codesOf(() => pipes.reportAssetCheck(untyped({ checkName: 'c', passed: true, ...wrong })))).toEqual([
        'DAGMA_PIPES_REPORT_INVALID',
      ])
    expect(codesOf(() => pipes.reportAssetMaterialization(untyped({ dataVersion: 5 })))).toEqual(['DAGMA_PIPES_REPORT_INVALID'])
    expect(messages()).toHaveLength(1)
  })

  test('lets no secret through', async () => {
    setEnvironment({ DAGMA_TEST_PIPES: 'pipes-secret-value' })
    secret('DAGMA_TEST_PIPES')
    const { session: pipes, lines } = session()
    pipes.log.error('pipes-secret-value')
    pipes.reportAssetMaterialization({
      metadata: { a: 'pipes-secret-value', b: { type: 'url', raw_value: 'https://x/pipes-secret-value' } },
      dataVersion: 'pipes-secret-value',
    })
    pipes.reportCustomMessage({ 'pipes-secret-value': 'pipes-secret-value' })
    pipes.logExternalStream('stderr', 'pipes-secret-value')
    await pipes.close(new Error('pipes-secret-value'))
    expect(lines.join('\n')).not.toContain('pipes-secret-value')
  })
})

describe('a typed value in Dagster’s form', () => {
  const wire = (metadata: PipesMetadata): unknown => {
    const { session: pipes, messages } = session()
    pipes.reportAssetMaterialization({ metadata })
    return messages()[1]?.params.metadata
  }

  test('goes out as it is when it fits its type', () => {
    const column = { name: 'a', type: 'int' }
    const typed: PipesMetadata = {
      md: { type: 'md', raw_value: '# a' },
      asset: { type: 'asset', raw_value: 'a/b' },
      json: { type: 'json', raw_value: { raw_value: 1, type: 'x' } },
      null: { type: 'null', raw_value: null },
      timestamp: { type: 'timestamp', raw_value: 1e20 },
      table: { type: 'table', raw_value: { records: [{ a: 1 }], schema: [column] } },
      table_schema: { type: 'table_schema', raw_value: { columns: [column] } },
      table_column_lineage: {
        type: 'table_column_lineage',
        raw_value: { deps_by_column: { a: [{ asset_key: ['b'], column_name: 'c' }] } },
      },
    }
    expect(wire(typed)).toEqual(typed)
    expect(wire({ a: { type: '__infer__', raw_value: 5 } })).toEqual({ a: { type: 'int', raw_value: 5 } })
    expect(wire({ a: { raw_value: 5 } })).toEqual({ a: { type: 'json', raw_value: { raw_value: 5 } } })
  })

  test('is refused when it does not', () => {
    const wrong: readonly (readonly [string, unknown])[] = [
      ['no_type', 1],
      ['toString', 1],
      ['text', 1],
      ['url', null],
      ['int', 1.5],
      ['int', '1'],
      ['float', '1'],
      ['json', 1],
      ['bool', 1],
      ['null', 0],
      ['timestamp', '2030-01-01'],
      ['table', { records: [{ a: 1 }] }],
      ['table', { records: [1], schema: [] }],
      ['table_schema', { columns: [{ name: 'a' }] }],
      ['table_column_lineage', { deps_by_column: { a: [{ column_name: 'c' }] } }],
    ]
    for (const [type, raw_value] of wrong)
      expect(
        codesOf(() => wire(untyped({ a: { type, raw_value } }))),
        `${type} ${raw_value}`,
      ).toEqual(['DAGMA_METADATA_INVALID'])
  })
})
