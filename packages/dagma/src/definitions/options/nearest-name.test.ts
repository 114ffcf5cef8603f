import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nearestName } from './nearest-name.ts'

test.each<[name: string, known: string[], nearest: string | undefined]>([
  ['ordrs', ['orders', 'order_items', 'ads'], 'orders'],
  ['order', ['orders', 'ordre'], 'orders'],
  ['a', ['b'], 'b'],
  ['raw', ['customers'], undefined],
  ['raw_numbers', [], undefined],
  ['', ['a'], 'a'],
])('%s among %s', (name, known, nearest) => {
  expect(nearestName(name, known)).toBe(nearest)
})

test('one slip of the pen in a name of some length is always found', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z_]{3,20}$/), fc.nat(), fc.constantFrom('', 'x'), (name, at, instead) => {
      const place = at % name.length
      expect(nearestName(name.slice(0, place) + instead + name.slice(place + 1), [name])).toBe(name)
    }),
  )
})
