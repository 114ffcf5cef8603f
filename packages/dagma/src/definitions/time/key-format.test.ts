import { expect, test } from 'vitest'
import { keyFormat, keyFormatProblem } from './key-format.ts'

const local = Date.UTC(2026, 1, 3, 4, 5, 6)

test.each([
  ['%Y-%m-%d', '2026-02-03', Date.UTC(2026, 1, 3)],
  ['%Y-%m-%d-%H:%M', '2026-02-03-04:05', Date.UTC(2026, 1, 3, 4, 5)],
  ['%d.%m.%y %H%M%S', '03.02.26 040506', local],
  ['week(%Y)%%%j', 'week(2026)%034', Date.UTC(2026, 1, 3)],
  ['%Y', '2026', Date.UTC(2026, 0, 1)],
])('%s writes %s and reads it', (text, key, read) => {
  const format = keyFormat(text)
  expect(format.write(local)).toBe(key)
  expect(format.read(key)).toBe(read)
  expect(format.read(`${key} `)).toBeUndefined()
})

test('a text that is not a date is not read', () => {
  const format = keyFormat('%Y-%m-%d-%H:%M')
  for (const text of ['2026-02-30-00:00', '2026-02-03-24:00', '2026-02-03-00:60', '2026-13-01-00:00', '2026-2-3-00:00', '2026x02-03-00:00'])
    expect(format.read(text), text).toBeUndefined()
  expect(keyFormat('%Y-%j').read('2026-366')).toBeUndefined()
})

test('forms that depend on a language, or have no year, are refused', () => {
  expect(keyFormatProblem('%Y-%m-%d')).toBeUndefined()
  expect(keyFormatProblem('%d %b %Y')).toMatch('has "%b", which is not one of %Y')
  expect(keyFormatProblem('%m-%d')).toMatch('does not name the year')
})
