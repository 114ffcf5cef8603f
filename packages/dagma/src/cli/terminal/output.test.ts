import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { MetadataValue } from '../../metadata/metadata-value.ts'
import { normalize } from '../../metadata/normalize.ts'
import { fitted, metadataLines } from './output.ts'

const linesOf = (value: MetadataValue) => Object.values(normalize({ value })).flatMap(metadataLines)

test('a table is shown as one, with its first rows', () => {
  const records = [{ id: 1, city: 'Ulm' }, { id: 20 }, { id: 3, city: 'two\nlines' }]
  expect(linesOf(MetadataValue.table({ records }))).toEqual(['id  city', '1   Ulm', '20', '3   two lines'])
  const many = Array.from({ length: 12 }, (_, id) => ({ id }))
  expect(linesOf(MetadataValue.table({ records: many })).slice(-2)).toEqual(['9', '… and 2 more rows'])
  expect(linesOf(MetadataValue.table({ records: [] }))).toEqual([''])
})

test('a table schema is shown as a table of its columns', () => {
  const columns = [
    { name: 'id', type: 'int' },
    { name: 'city', description: 'Where\nit is' },
  ]
  expect(linesOf(MetadataValue.tableSchema({ columns }))).toEqual(['NAME  TYPE    DESCRIPTION', 'id    int', 'city  string  Where it is'])
  expect(linesOf(MetadataValue.tableSchema({ columns: [{ name: 'id', type: 'int' }] }))).toEqual(['NAME  TYPE', 'id    int'])
})

test('Markdown and text keep their lines', () => {
  const markdown = '# Orders\n\n\nAll of *today*:\n\n- 2 open\n\n```sh\n# not a heading\n\n\nls\n```\n'
  const plain = linesOf(MetadataValue.md(markdown)).map(stripVTControlCharacters)
  expect(plain).toEqual(['Orders', '', 'All of *today*:', '', '- 2 open', '', '# not a heading', '', '', 'ls'])
  expect(linesOf(MetadataValue.text('a\nb'))).toEqual(['a', 'b'])
})

test('one column of a table is cut to the width of the terminal', () => {
  const rows = [
    ['1', 'a'.repeat(30), 'x'],
    ['22', 'short', 'y'],
  ]
  const cut = fitted(['ID', 'TARGET', 'END'], rows, { column: 1, columns: 24 })
  expect(cut).toEqual([
    ['1', `${'a'.repeat(14)}…`, 'x'],
    ['22', 'short', 'y'],
  ])
  expect(fitted(['ID', 'TARGET', 'END'], rows, { column: 1, columns: 5 })[0]?.[1]).toBe(`${'a'.repeat(9)}…`)
  expect(fitted(['ID', 'TARGET', 'END'], rows, { column: 1, columns: 200 })).toEqual(rows)
})

test('all else is one line', () => {
  expect(linesOf(MetadataValue.json({ a: [1] }))).toEqual(['{"a":[1]}'])
  expect(linesOf(MetadataValue.timestamp(new Date(0)))).toEqual(['1970-01-01T00:00:00.000Z'])
})
