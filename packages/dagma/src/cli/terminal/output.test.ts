import { expect, test } from 'vitest'
import { MetadataValue } from '../../metadata/metadata-value.ts'
import { normalize } from '../../metadata/normalize.ts'
import { metadataLines } from './output.ts'

const linesOf = (value: MetadataValue) => Object.values(normalize({ value })).flatMap(metadataLines)

test('a table is shown as one, with its first rows', () => {
  const records = [{ id: 1, city: 'Ulm' }, { id: 20 }, { id: 3, city: 'two\nlines' }]
  expect(linesOf(MetadataValue.table({ records }))).toEqual(['id  city', '1   Ulm', '20', '3   two lines'])
  const many = Array.from({ length: 12 }, (_, id) => ({ id }))
  expect(linesOf(MetadataValue.table({ records: many })).slice(-2)).toEqual(['9', '… and 2 more rows'])
  expect(linesOf(MetadataValue.table({ records: [] }))).toEqual([''])
})

test('all else is one line', () => {
  expect(linesOf(MetadataValue.json({ a: [1] }))).toEqual(['{"a":[1]}'])
  expect(linesOf(MetadataValue.timestamp(new Date(0)))).toEqual(['1970-01-01T00:00:00.000Z'])
})
