import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pointId } from './index.ts'

const canonical = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

describe('the id of a point', () => {
  it('is the number', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (id) => pointId(id) === id))
  })

  it('is the UUID, in whichever spelling', () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        expect(pointId(`{${id}`)).not.toBe(id)
        for (const spelling of [id, id.toUpperCase(), id.replaceAll('-', ''), `{${id}}`, `urn:uuid:${id}`])
          expect(pointId(spelling)).toBe(id)
      }),
    )
  })

  it('is a UUID of version 5 for any other string, always the same and for no two the same', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(pointId(a)).toMatch(canonical)
        expect(pointId(a) === pointId(b)).toBe(a === b)
      }),
    )
    expect(pointId('doc-1')).toMatchInlineSnapshot(`"053357d2-45ac-50eb-a562-4c52a5ce9304"`)
    expect(pointId('42')).not.toBe(42)
  })

  it('is refused where JavaScript has rounded', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (n) => {
        expect(() => pointId(2 ** 53 + n)).toThrow(/beyond 2\^53/)
      }),
    )
    expect(() => pointId(1n as never)).toThrow(/not a bigint/)
  })
})
