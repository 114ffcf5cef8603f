import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { thrownBy } from '../test/temporary.ts'
import { type MetadataInput, MetadataValue, type Table } from './metadata-value.ts'
import { bound, longestMetadataValue, normalize } from './normalize.ts'

const wire = (value: MetadataInput) => bound(normalize({ key: value })).key
const table = (value: object) => wire(MetadataValue.table(value as Table<{}>))?.raw_value as WireTable

interface WireTable {
  readonly records: readonly { readonly [column: string]: unknown }[]
  readonly schema: readonly { readonly name: string; readonly type: string }[]
}

test('rows that lack a field: the columns are those of all rows, and what is not there is null', () => {
  expect(table({ records: [{ a: 1 }, { b: 'x', a: 0.5 }, { b: undefined, toString: true }, {}] })).toEqual({
    records: [
      { a: 1, b: null, toString: null },
      { a: 0.5, b: 'x', toString: null },
      { a: null, b: null, toString: true },
      { a: null, b: null, toString: null },
    ],
    schema: [
      { name: 'a', type: 'float', description: null },
      { name: 'b', type: 'string', description: null },
      { name: 'toString', type: 'bool', description: null },
    ],
  })
  expect(table({ records: [{ a: 1 }, { a: 'x' }, { a: null }] }).schema).toMatchObject([{ type: 'any' }])
  expect(table({ records: [] })).toEqual({ records: [], schema: [] })
})

test('constraints and tags of columns are carried', () => {
  const columns = [{ name: 'id', type: 'int', constraints: { nullable: false, unique: true, other: ['> 0'] }, tags: { pii: 'no' } }]
  const expected = [{ name: 'id', type: 'int', description: null, constraints: columns[0]?.constraints, tags: { pii: 'no' } }]
  expect(table({ records: [{ other: 1 }], schema: { columns } })).toEqual({ records: [{ id: null, other: 1 }], schema: expected })
  expect(wire(MetadataValue.tableSchema({ columns }))?.raw_value).toEqual({ columns: expected })
})

describe('what Dagster refuses is refused, with where it stands', () => {
  const untyped = (value: unknown) => value as never
  test.each<[make: () => MetadataInput, reason: string]>([
    [() => MetadataValue.table(untyped({ records: [{ a: 1 }, { a: { b: 1 } }] })), 'an object in the cell "a" of record 2'],
    [() => MetadataValue.table(untyped({ records: [{ a: [1] }] })), 'a list in the cell "a" of record 1'],
    [() => MetadataValue.table(untyped({ records: [{ a: new Map() }] })), 'a Map at "records[0].a"'],
    [() => MetadataValue.table(untyped({ records: [{ a: Number.NaN }] })), 'NaN at "records[0].a"'],
    [() => MetadataValue.table(untyped({ records: 1 })), 'is not a table with a list of records'],
    [() => MetadataValue.table(untyped({ records: [1] })), 'is not a table with a list of records'],
    [() => MetadataValue.tableSchema(untyped({ columns: [{ name: 1 }] })), 'name or type is not text'],
    [() => MetadataValue.tableSchema(untyped({ columns: [{ name: 'a', description: 1 }] })), 'description is not text'],
    [() => MetadataValue.tableSchema(untyped({ columns: [{ name: 'a', tags: { a: 1 } }] })), 'tags are not all text'],
    [() => MetadataValue.tableSchema(untyped({ columns: [{ name: 'a', constraints: { unic: true } }] })), 'whose constraints are not'],
    [() => MetadataValue.tableSchema(untyped({ columns: [{ name: 'a', constraints: { unique: 1 } }] })), 'whose constraints are not'],
    [
      () =>
        MetadataValue.tableColumnLineage({
          depsByColumn: {
            a: [
              { assetKey: 'x', columnName: 'b' },
              { assetKey: 'x', columnName: 'b' },
            ],
          },
        }),
      'an upstream column of "a" twice',
    ],
  ])('%#: %s', async (make, reason) => {
    expect(await thrownBy(() => wire(make()))).toMatchObject({
      code: 'DAGMA_METADATA_INVALID',
      message: expect.stringContaining(reason),
    })
  })
})

test('a long table is cut by rows, and says how many there were', () => {
  const { records, schema } = table({ records: Array.from({ length: 5000 }, (_, id) => ({ id, name: 'x'.repeat(20) })) })
  expect(records.at(-1)).toEqual({ id: '… [cut: 5000 records in all]', name: null })
  expect(records.at(-2)).toEqual({ id: records.length - 2, name: 'x'.repeat(20) })
  expect(schema).toHaveLength(2)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4000 }), fc.array(fc.nat(2000), { minLength: 1, maxLength: 60 }), (base, sizes) => {
      const rows = sizes.map((size) => ({ text: 'ü'.repeat(size + base) }))
      const raw = wire(MetadataValue.table({ records: rows }))?.raw_value as WireTable
      expect(JSON.stringify(raw).length).toBeLessThanOrEqual(longestMetadataValue)
      const isCut = String(raw.records.at(-1)?.text).startsWith('…')
      const kept = rows.slice(0, isCut ? raw.records.length - 1 : rows.length)
      expect(JSON.stringify(raw.records.slice(0, kept.length)) === JSON.stringify(kept)).toBe(true)
    }),
  )
})

interface Row {
  id: number
  name?: string
  at: Date
}

test('rows typed by an interface are metadata; what JSON lacks does not compile where it is at the top', () => {
  const rows: Row[] = [{ id: 1, at: new Date(0) }]
  const cells = rows.map(({ id, name }) => ({ id, name }))
  const raw = [{ id: 1, at: '1970-01-01T00:00:00.000Z' }]
  expect(wire(rows)).toEqual({ type: 'json', raw_value: raw })
  expect(wire({ rows })).toEqual({ type: 'json', raw_value: { rows: raw } })
  expect(wire(MetadataValue.json(rows[0]))).toEqual({ type: 'json', raw_value: raw[0] })
  expect(wire(MetadataValue.table({ records: cells }))?.raw_value).toMatchObject({ records: [{ id: 1, name: null }] })
  const wrong = () => {
    // @ts-expect-error a cell that is a Date
    MetadataValue.table({ records: rows })
    // @ts-expect-error a Map
    MetadataValue.json(new Map())
    // @ts-expect-error a Promise
    wire(Promise.resolve(1))
    // @ts-expect-error a function
    wire(() => 1)
    // @ts-expect-error a vector
    wire(new Float32Array(2))
  }
  expectTypeOf(wrong).toBeFunction()
})

test('whatever is passed as a table, a schema or lineage is carried or refused with a code', async () => {
  const members = fc.constantFrom(
    'records',
    'schema',
    'columns',
    'depsByColumn',
    'deps_by_column',
    'assetKey',
    'columnName',
    'name',
    'type',
  )
  const anything = fc.anything({ key: fc.oneof(members, fc.string()), maxDepth: 4 })
  const makers = fc.constantFrom(
    (value: unknown) => MetadataValue.table(value as never),
    (value: unknown) => MetadataValue.tableSchema(value as never),
    (value: unknown) => MetadataValue.tableColumnLineage(value as never),
  )
  fc.assert(
    fc.property(makers, anything, (make, value) => {
      try {
        bound(normalize({ key: make(value) }))
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^DAGMA_METADATA_/) })
      }
    }),
    { numRuns: 2000 },
  )
})
