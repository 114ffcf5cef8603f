import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { thrownBy } from '../test/temporary.ts'
import { type MetadataInput, MetadataValue } from './metadata-value.ts'
import { bound, longestMetadataValue, normalize } from './normalize.ts'
import { observe } from './observe.ts'
import { secret } from './redaction/secret.ts'

const one = (value: unknown) => normalize({ key: value as MetadataInput }).key

describe('plain values', () => {
  test.each<[value: unknown, type: string, raw: unknown]>([
    ['text', 'text', 'text'],
    ['', 'text', ''],
    ['https://example.com', 'text', 'https://example.com'],
    [1, 'int', 1],
    [-0, 'int', 0],
    [Number.MAX_SAFE_INTEGER, 'int', 9007199254740991],
    [0.5, 'float', 0.5],
    [1e-300, 'float', 1e-300],
    [true, 'bool', true],
    [null, 'null', null],
    [new Date('2026-01-02T03:04:05.678Z'), 'timestamp', 1767323045.678],
    [[1, 'a', null], 'json', [1, 'a', null]],
    [{}, 'json', {}],
    [{ a: undefined, b: { c: undefined }, d: [-0] }, 'json', { b: {}, d: [0] }],
    [{ at: new Date(0) }, 'json', { at: '1970-01-01T00:00:00.000Z' }],
    [JSON.parse('{"__proto__":{"a":1}}'), 'json', JSON.parse('{"__proto__":{"a":1}}')],
  ])('%o becomes %s', (value, type, raw_value) => {
    expect(one(value)).toEqual({ type, raw_value })
  })

  test('json of a bare number, true or false is of their own types: Dagster’s json holds neither', () => {
    expect([1.5, 2, true].map((value) => one(MetadataValue.json(value)))).toEqual([
      { type: 'float', raw_value: 1.5 },
      { type: 'int', raw_value: 2 },
      { type: 'bool', raw_value: true },
    ])
    expect([null, 'x'].map((value) => one(MetadataValue.json(value)))).toEqual([
      { type: 'json', raw_value: null },
      { type: 'json', raw_value: 'x' },
    ])
  })

  test('undefined leaves its key out', () => {
    expect(Object.keys(normalize({ a: undefined, b: 1 }))).toEqual(['b'])
  })

  test('a secret goes as its mark, whatever it is', () => {
    expect(one({ key: secret('DAGMA_TEST_NEVER_SET') })).toEqual({ type: 'json', raw_value: { key: '[redacted]' } })
  })

  test('any JSON data arrives unchanged, and is a copy', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const big = JSON.stringify(value)
          .match(/(?<![\d.])-?\d+(?![\d.e])|e\+/g)
          ?.some((digits) => !Number.isSafeInteger(Number(digits)))
        fc.pre(!big)
        expect(JSON.stringify(one({ value })?.raw_value)).toBe(JSON.stringify({ value }))
      }),
    )
    const mine = [{ a: 1 }]
    expect(one(mine)?.raw_value).not.toBe(mine)
  })
})

describe('what cannot be carried is an error that says what and where', () => {
  const circular: { self?: unknown } = {}
  circular.self = circular
  const refused: readonly [what: string, value: unknown][] = [
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['2^53', 2 ** 53],
    ['-2^53', -(2 ** 53)],
    ['BigInt', 1n],
    ['function', () => 1],
    ['symbol', Symbol('x')],
    ['nested NaN', { a: [{ b: Number.NaN }] }],
    ['nested BigInt', { a: [0, 1n] }],
    ['nested 2^53', { id: 2 ** 60 }],
    ['nested function', { a: () => 1 }],
    ['circular', circular],
    ['undefined in a list', { d: [undefined] }],
    ['Map', new Map()],
    ['nested Set', { seen: [new Set()] }],
    ['forgotten await', { row: Promise.resolve(1) }],
    ['Error', { error: new Error('x') }],
    ['vector', { vector: new Float32Array(2) }],
    ['nested MetadataValue', { link: MetadataValue.text('x') }],
    ['deep', JSON.parse(`${'['.repeat(101)}${']'.repeat(101)}`)],
    ['invalid Date', new Date(Number.NaN)],
  ]

  test('messages', async () => {
    const messages: string[] = []
    for (const [what, value] of refused) {
      const error = await thrownBy(() => one(value))
      expect(error).toMatchObject({ code: 'DAGMA_METADATA_INVALID', kind: 'user_code' })
      messages.push(`${what}: ${error.message.replace(/ Give a JSON value.*/, '')}`)
    }
    expect(messages).toMatchInlineSnapshot(`
      [
        "NaN: The metadata value "key" has NaN, which JSON lacks. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "Infinity: The metadata value "key" has Infinity, which JSON lacks. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "2^53: The metadata value "key" has an integer beyond 2^53, which would be rounded; give it as text. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "-2^53: The metadata value "key" has an integer beyond 2^53, which would be rounded; give it as text. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "BigInt: The metadata value "key" has a bigint, which JSON lacks. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "function: The metadata value "key" has a function, which JSON lacks. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "symbol: The metadata value "key" has a symbol, which JSON lacks. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "nested NaN: The metadata value "key" has NaN at "a[0].b", which JSON lacks. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "nested BigInt: The metadata value "key" has a bigint at "a[1]", which JSON lacks. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "nested 2^53: The metadata value "key" has an integer beyond 2^53 at "id", which would be rounded; give it as text. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "nested function: The metadata value "key" has a function at "a", which JSON lacks. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "circular: The metadata value "key" has a reference to what it is in at "self", which JSON lacks. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "undefined in a list: The metadata value "key" has undefined at "d[0]", which JSON lacks. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "Map: The metadata value "key" has a Map, which JSON lacks. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "nested Set: The metadata value "key" has a Set at "seen[0]", which JSON lacks. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "forgotten await: The metadata value "key" has a Promise (is an await missing?) at "row", which JSON lacks. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "Error: The metadata value "key" has an Error at "error", which JSON lacks. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "vector: The metadata value "key" has a Float32Array at "vector", which JSON lacks. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "nested MetadataValue: The metadata value "key" has an instance of MetadataValue at "link", which JSON lacks. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "deep: The metadata value "key" has more than 100 levels at "[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]…[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]", while Dagster can read no more. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "invalid Date: The metadata value "timestamp" is not a valid time. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
      ]
    `)
  })
})

describe('MetadataValue', () => {
  test('its constructors keep type and value', () => {
    const schema = { columns: [{ name: 'a' }] }
    const made = {
      text: MetadataValue.text('t'),
      md: MetadataValue.md('**m**'),
      json: MetadataValue.json({ a: [1] }),
      url: MetadataValue.url('https://example.com/a?b#c'),
      url_object: MetadataValue.url(new URL('http://localhost:3000')),
      path: MetadataValue.path('/a'),
      notebook: MetadataValue.notebook('/a.ipynb'),
      int: MetadataValue.int(3),
      float: MetadataValue.float(3),
      bool: MetadataValue.bool(false),
      timestamp: MetadataValue.timestamp(new Date(1500)),
      timestamp_number: MetadataValue.timestamp(2),
      null: MetadataValue.null(),
      asset: MetadataValue.asset('a/b'),
      dagster_run: MetadataValue.dagsterRun('id'),
      table: MetadataValue.table({ records: [{ a: 1, b: 'x', c: 0.5, d: true, e: null }] }),
      table_with_schema: MetadataValue.table({ records: [], schema: { columns: [{ name: 'a', type: 'int', description: 'A.' }] } }),
      table_schema: MetadataValue.tableSchema(schema),
      table_column_lineage: MetadataValue.tableColumnLineage({ depsByColumn: { a: [{ assetKey: 'x/y', columnName: 'b' }] } }),
    }
    expect(
      Object.entries(normalize(made)).map(([key, value]) => `${key}: ${value.type} ${JSON.stringify(value.raw_value)}`),
    ).toMatchInlineSnapshot(`
      [
        "text: text "t"",
        "md: md "**m**"",
        "json: json {"a":[1]}",
        "url: url "https://example.com/a?b#c"",
        "url_object: url "http://localhost:3000/"",
        "path: path "/a"",
        "notebook: notebook "/a.ipynb"",
        "int: int 3",
        "float: float 3",
        "bool: bool false",
        "timestamp: timestamp 1.5",
        "timestamp_number: timestamp 2",
        "null: null null",
        "asset: asset "a/b"",
        "dagster_run: dagster_run "id"",
        "table: table {"records":[{"a":1,"b":"x","c":0.5,"d":true,"e":null}],"schema":[{"name":"a","type":"int","description":null},{"name":"b","type":"string","description":null},{"name":"c","type":"float","description":null},{"name":"d","type":"bool","description":null},{"name":"e","type":"string","description":null}]}",
        "table_with_schema: table {"records":[],"schema":[{"name":"a","type":"int","description":"A."}]}",
        "table_schema: table_schema {"columns":[{"name":"a","type":"string","description":null}]}",
        "table_column_lineage: table_column_lineage {"deps_by_column":{"a":[{"asset_key":["x","y"],"column_name":"b"}]}}",
      ]
    `)
  })

  test('a float may be of any size, since it is not taken for an integer', () => {
    expect(normalize({ flops: MetadataValue.float(1e20) }).flops).toEqual({ type: 'float', raw_value: 1e20 })
  })

  test('is known by a copy of Dagma of its own', () => {
    const foreign = { type: 'url', value: 'https://example.com', [Symbol.for('dagma.metadata-value')]: true }
    expect(one(foreign)).toEqual({ type: 'url', raw_value: 'https://example.com' })
  })

  const refused: readonly [what: string, make: () => unknown][] = [
    ['text of a number', () => MetadataValue.text(1 as never)],
    ['int of a fraction', () => MetadataValue.int(1.5)],
    ['int beyond 2^53', () => MetadataValue.int(2 ** 53)],
    ['float of NaN', () => MetadataValue.float(Number.NaN)],
    ['timestamp of an invalid Date', () => MetadataValue.timestamp(new Date('x'))],
    ['relative url', () => MetadataValue.url('/a')],
    ['url of another scheme', () => MetadataValue.url('javascript:alert(1)')],
    ['url with a password', () => MetadataValue.url('https://ann:pa55word@example.com')],
  ]

  test('refuses what does not fit', async () => {
    const messages: string[] = []
    for (const [what, make] of refused) messages.push(`${what}: ${(await thrownBy(make)).message}`)
    expect(messages.join()).not.toContain('pa55word')
    expect(messages).toMatchInlineSnapshot(`
      [
        "text of a number: The metadata value "text" must be a string, not number. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "int of a fraction: The metadata value "int" is not an integer within ±(2^53 − 1): 1.5. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "int beyond 2^53: The metadata value "int" is not an integer within ±(2^53 − 1): 9007199254740992. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "float of NaN: The metadata value "float" is not a finite number: NaN. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "timestamp of an invalid Date: The metadata value "timestamp" is not a valid time. Pass a JSON value, or one created with MetadataValue. [DAGMA_METADATA_INVALID]",
        "relative url: The URL in MetadataValue.url() is not an absolute URL. Use an absolute http or https URL without user name and password. [DAGMA_URL_INVALID]",
        "url of another scheme: The URL in MetadataValue.url() is not an http or https URL (it starts with "javascript:"). Use an absolute http or https URL without user name and password. [DAGMA_URL_INVALID]",
        "url with a password: The URL in MetadataValue.url() has a user name or password in it. Use an absolute http or https URL without user name and password. [DAGMA_URL_INVALID]",
      ]
    `)
  })
})

describe('bounds', () => {
  const bounded = (value: MetadataInput) => bound(normalize({ key: value })).key

  test('what is not too long stays', () => {
    expect(bounded('x'.repeat(longestMetadataValue))?.raw_value).toHaveLength(longestMetadataValue)
    const list = Array.from({ length: 100 }, (_, index) => index)
    expect(bounded(list)?.raw_value).toEqual(list)
  })

  test('a long text is cut and says how long it was', () => {
    const cut = bounded(MetadataValue.md('x'.repeat(longestMetadataValue + 1)))
    expect(cut?.type).toBe('md')
    expect(String(cut?.raw_value).slice(longestMetadataValue)).toBe('… [cut: 16001 characters in all]')
  })

  test('a cut never leaves half a character', () => {
    const cut = bounded(`x${'😀'.repeat(longestMetadataValue)}`)
    expect(String(cut?.raw_value).isWellFormed()).toBe(true)
    const json = bounded({ a: `xx${'😀'.repeat(longestMetadataValue)}` })?.raw_value
    expect(json).toMatchObject({ start: expect.stringMatching(/😀\ufffd?$/u) })
  })

  test('long JSON becomes its size and its start', () => {
    const cut = bounded([{ text: 'ü'.repeat(longestMetadataValue) }])
    expect(cut).toMatchObject({ type: 'json', raw_value: { truncated: true, size_bytes: 2 * longestMetadataValue + 13 } })
    expect(JSON.stringify(cut).length).toBeLessThan(1200)
  })

  test('a table of which not even the schema fits becomes JSON too, so that its type stays true', () => {
    const columns = Array.from({ length: 1000 }, (_, index) => ({ name: `column ${index}` }))
    expect(bounded(MetadataValue.table({ records: [], schema: { columns } }))?.type).toBe('json')
  })
})

describe('observe', () => {
  test('adds what was measured, rounded to microseconds', () => {
    expect(
      observe(normalize({ a: 1 }), { eventType: 'materialization', retryCount: 2, latencyMs: 1.23456, sizeBytes: 7, traceUrls: {} }),
    ).toEqual({
      a: { type: 'int', raw_value: 1 },
      event_type: { type: 'text', raw_value: 'materialization' },
      status: { type: 'text', raw_value: 'success' },
      retry_count: { type: 'int', raw_value: 2 },
      latency_ms: { type: 'float', raw_value: 1.235 },
      size_bytes: { type: 'int', raw_value: 7 },
    })
  })

  test('keeps what the author said, and claims no size that is unknown', () => {
    const said = normalize({ latency_ms: 5, status: 'partial' })
    expect(observe(said, { eventType: 'observation', retryCount: 0, latencyMs: 1, sizeBytes: undefined, traceUrls: {} })).toEqual({
      ...said,
      event_type: { type: 'text', raw_value: 'observation' },
      retry_count: { type: 'int', raw_value: 0 },
    })
  })
})
