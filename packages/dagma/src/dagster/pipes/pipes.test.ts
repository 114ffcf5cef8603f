import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { MetadataValue } from '../../metadata/metadata-value.ts'
import { secret } from '../../metadata/secret.ts'
import { setEnvironment, temporaryFolder, thrownBy } from '../../test/temporary.ts'
import { openPipes } from './open.ts'
import { decodeParam, encodeParam, type PipesContextData, type PipesMessage } from './protocol.ts'
import { PipesSession } from './session.ts'

const context: PipesContextData = {
  asset_keys: ['warehouse/sum'],
  code_version_by_asset_key: null,
  provenance_by_asset_key: null,
  partition_key: null,
  partition_key_range: null,
  partition_time_window: null,
  run_id: 'run-1',
  job_name: 'job',
  retry_number: 0,
  extras: { a: 1 },
}

const schema = JSON.parse(readFileSync(new URL('../../../../../protocol/worker.schema.json', import.meta.url), 'utf8'))
const ajv = new Ajv2020({ allowUnionTypes: true })
ajv.addSchema(schema)
const fits = ajv.compile({ $ref: 'dagma:worker#/$defs/pipes/properties/message' })

/** A session that keeps what it sends, as text, as it goes over a wire. */
function session(data: Partial<PipesContextData> = {}) {
  const lines: string[] = []
  const made = new PipesSession({ ...context, ...data }, { write: (message) => lines.push(JSON.stringify(message)) })
  const messages = (): PipesMessage[] => lines.map((line) => JSON.parse(line))
  return { session: made, lines, messages }
}

describe('a Pipes session', () => {
  test('opens, logs, reports and closes in messages that fit the schema', () => {
    const { session: pipes, messages } = session()
    pipes.log.info('two numbers, π and e')
    pipes.log.warning('careful')
    pipes.reportAssetMaterialization({ metadata: { result: 10, page: MetadataValue.url('https://example.com/sum') }, dataVersion: 'v1' })
    pipes.reportAssetMaterialization({ assetKey: 'other' })
    pipes.reportCustomMessage({ any: ['data'] })
    pipes.close()
    for (const message of messages()) expect(fits(message), JSON.stringify(fits.errors)).toBe(true)
    expect(messages().map(({ method, params }) => `${method} ${JSON.stringify(params)}`)).toMatchInlineSnapshot(`
      [
        "opened {"extras":{}}",
        "log {"message":"two numbers, π and e","level":"INFO"}",
        "log {"message":"careful","level":"WARNING"}",
        "report_asset_materialization {"asset_key":"warehouse/sum","metadata":{"result":{"type":"int","raw_value":10},"page":{"type":"url","raw_value":"https://example.com/sum"}},"data_version":"v1"}",
        "report_asset_materialization {"asset_key":"other","metadata":{},"data_version":null}",
        "report_custom_message {"payload":{"any":["data"]}}",
        "closed {}",
      ]
    `)
  })

  test('writes a whole float as a float, since Dagster takes no other', () => {
    const { session: pipes, lines } = session()
    pipes.reportAssetMaterialization({
      metadata: {
        whole: MetadataValue.float(5),
        zero: MetadataValue.float(-0),
        part: 0.5,
        huge: MetadataValue.float(1e21),
        big: MetadataValue.float(1e20),
        int: 5,
        at: MetadataValue.timestamp(5),
      },
    })
    expect(
      [...(lines[1] ?? '').matchAll(/"(\w+)":\{"type":"\w+","raw_value":([^}]*)\}/g)].map(([, key, value]) => `${key} ${value}`),
    ).toMatchInlineSnapshot(`
      [
        "whole 5.0",
        "zero 0.0",
        "part 0.5",
        "huge 1e+21",
        "big 100000000000000000000.0",
        "int 5",
        "at 5",
      ]
    `)
  })

  test('closes with the error that stopped it, causes and all', () => {
    const { session: pipes, messages } = session()
    pipes.close(new TypeError('no such table', { cause: new Error('connection refused') }))
    pipes.close()
    expect(messages()).toHaveLength(2)
    expect(messages()[1]).toMatchObject({
      method: 'closed',
      params: {
        exception: {
          name: 'TypeError',
          message: 'no such table',
          stack: expect.any(Array),
          cause: { name: 'Error', message: 'connection refused', cause: null, context: null },
          context: null,
        },
      },
    })
  })

  test('sends nothing after its end', async () => {
    const { session: pipes, messages } = session()
    pipes.close()
    expect((await thrownBy(() => pipes.log.info('late'))).message).toBe('This Pipes session is closed.')
    expect(messages()).toHaveLength(2)
  })

  test('must be told the asset where it has none or several', async () => {
    for (const asset_keys of [null, [], ['a', 'b']])
      expect((await thrownBy(() => session({ asset_keys }).session.reportAssetMaterialization({}))).message).toContain('assetKey')
  })

  test('lets no secret through', () => {
    setEnvironment({ DAGMA_TEST_PIPES: 'pipes-secret-value' })
    secret('DAGMA_TEST_PIPES')
    const { session: pipes, lines } = session()
    pipes.log.error('pipes-secret-value')
    pipes.reportAssetMaterialization({ metadata: { a: 'pipes-secret-value' }, dataVersion: 'pipes-secret-value' })
    pipes.reportCustomMessage({ 'pipes-secret-value': 'pipes-secret-value' })
    pipes.close(new Error('pipes-secret-value'))
    expect(lines.join('\n')).not.toContain('pipes-secret-value')
  })
})

describe('parameters', () => {
  test('are what Python’s dagster_pipes writes', () => {
    // encode_param({}) of dagster_pipes 1.13
    expect(decodeParam('eJyrrgUAAXUA+Q==')).toEqual({})
    expect(decodeParam(encodeParam({ data: context }))).toEqual({ data: context })
  })

  test('that are none throw', async () => {
    for (const text of ['', '{}', 'AAAA']) await thrownBy(() => decodeParam(text))
  })
})

describe('openPipes', () => {
  const environment = (contextParams: unknown, messagesParams: unknown) => ({
    DAGSTER_PIPES_CONTEXT: encodeParam(contextParams),
    DAGSTER_PIPES_MESSAGES: encodeParam(messagesParams),
  })

  test('reads the context inline or from a file, and writes messages to a file', () => {
    const folder = temporaryFolder({ 'context.json': JSON.stringify(context) })
    for (const params of [{ data: context }, { path: join(folder, 'context.json') }]) {
      const path = join(folder, `${Object.keys(params)[0]}.messages`)
      const pipes = openPipes(environment(params, { path }))
      expect(pipes.context).toEqual(context)
      pipes.close()
      expect(
        readFileSync(path, 'utf8')
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line).method),
      ).toEqual(['opened', 'closed'])
    }
  })

  test.each(['stdout', 'stderr'] as const)('writes messages to %s', (stdio) => {
    const ran = spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { openPipes } = await import('${new URL('../../pipes.ts', import.meta.url)}'); openPipes().close()`,
      ],
      { env: { ...process.env, ...environment({ data: context }, { stdio }) }, encoding: 'utf8' },
    )
    expect(
      ran[stdio]
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).method),
    ).toEqual(['opened', 'closed'])
  })

  test('says what it cannot do', async () => {
    const messages: string[] = []
    for (const variables of [{}, environment({}, {}), environment({ data: context }, { bucket: 's3' })])
      messages.push((await thrownBy(() => openPipes(variables))).message)
    expect(messages).toMatchInlineSnapshot(`
      [
        "DAGSTER_PIPES_CONTEXT is not set: this process was not started by a Dagster Pipes client.",
        "DAGSTER_PIPES_CONTEXT names neither a path nor data: this context injector is not supported.",
        "DAGSTER_PIPES_MESSAGES names neither a path nor stdio: this message reader is not supported.",
      ]
    `)
  })
})
