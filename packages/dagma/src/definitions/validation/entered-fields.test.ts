import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { describedConfig } from './config-schema.ts'
import { enteredFieldIssues } from './entered-fields.ts'

const issuesOf = (config: z.ZodType, entered: unknown): string[] => enteredFieldIssues(describedConfig(config).schema, entered)

describe('enteredFieldIssues', () => {
  const { schema } = describedConfig(
    z.object({
      limit: z.number().optional(),
      at: z.coerce.date().nullish(),
      inner: z.array(z.object({ name: z.string() })).optional(),
      open: z.looseObject({ a: z.string() }).optional(),
      byName: z.record(z.string(), z.object({ n: z.number() })).optional(),
      either: z.union([z.string(), z.object({ a: z.string() })]).optional(),
    }),
  )

  test('a field that the schema does not name is refused, wherever Dagster would refuse it', () => {
    const entered = { limt: 1, inner: [{ name: 'x', nam: 1 }], open: { b: 1 }, byName: { x: { m: 1 } }, either: { b: 1 }, at: null }
    expect(enteredFieldIssues(schema, entered)).toEqual([
      'limt: there is no such field (did you mean "limit"?)',
      'inner.0.nam: there is no such field (did you mean "name"?)',
      'byName.x.m: there is no such field (did you mean "n"?)',
    ])
  })

  test('what a library converts is refused where Dagster refuses it', () => {
    expect(enteredFieldIssues(schema, { at: 5 })).toEqual(['at: must be of type string'])
  })
})

const optional = z.number().optional()

type Tree = { v?: number | undefined; kids?: Tree[] | undefined }
const tree: z.ZodType<Tree> = z.lazy(() => z.object({ v: optional, kids: z.array(tree).optional() }))
type Either = number | { left?: Either | undefined; right?: Either | undefined }
const either: z.ZodType<Either> = z.lazy(() =>
  z.union([
    z.number(),
    z.object({ left: either.optional(), right: either.optional() }),
    z.object({ right: either.optional(), left: either.optional() }),
  ]),
)
const itself: z.ZodType = z.lazy(() => z.union([z.object({ a: optional }), itself]))

describe('unknown fields are refused wherever the library would drop them', () => {
  test.each<[string, z.ZodType, unknown, string[]]>([
    ['a union', z.union([z.object({ q: optional }), z.string()]), { w: 1 }, ['f.w']],
    ['one of its alternatives knows it', z.union([z.object({ q: optional }), z.object({ w: optional })]), { w: 1 }, []],
    ['the alternative that knows it does not fit', z.union([z.object({ q: optional }), z.object({ w: z.string() })]), { w: 1 }, ['f.w']],
    [
      'a discriminated union',
      z.discriminatedUnion('k', [z.object({ k: z.literal('a'), x: optional }), z.object({ k: z.literal('b'), y: optional })]),
      { k: 'b', x: 1 },
      ['f.x'],
    ],
    ['a tuple', z.tuple([z.object({ r: optional }), z.object({ s: optional })]), [{ r: 1 }, { r: 1 }], ['f.1.r']],
    ['the rest of a tuple', z.tuple([z.string()], z.object({ s: optional })), ['', {}, { r: 1 }], ['f.2.r']],
    ['a record', z.record(z.string(), z.union([z.object({ p: optional }), z.string()])), { x: { o: 1 } }, ['f.x.o']],
    ['an open object', z.looseObject({ inner: z.object({ a: optional }) }), { more: 1, inner: { b: 1 } }, ['f.inner.b']],
    [
      'an intersection',
      z.intersection(z.union([z.object({ a: optional }), z.object({ b: optional })]), z.object({ c: optional })),
      { a: 1, c: 1, d: 1 },
      ['f.d'],
    ],
    ['what may be null', z.object({ s: optional }).nullable().optional(), { t: 1 }, ['f.t']],
    ['a recursive schema', tree, { kids: [{ v: 1 }, { kids: [{ w: 1 }] }] }, ['f.kids.1.kids.0.w']],
    ['one that has itself as an alternative', itself, { b: 1 }, ['f.b']],
  ])('%s', (_, schema, entered, expected) => {
    const unknown = issuesOf(z.object({ f: schema }), { f: entered }).map((issue) => issue.replace(/: there is no such field \(.*/, ''))
    expect(unknown).toEqual(expected)
  })

  test('recursive alternatives are compared once each', () => {
    const deep = (inner: object): unknown => Array.from({ length: 100 }).reduce<object>((right) => ({ left: 1, right }), inner)
    expect(issuesOf(z.object({ f: either }), { f: deep({}) })).toEqual([])
    expect(issuesOf(z.object({ f: either }), { f: deep({ middle: 1 }) })).toEqual([expect.stringMatching(/^f(\.right){100}\.middle: /)])
  })
})

/** A schema, and values that it takes, with the objects in each to which no field can be added. */
interface Sample {
  readonly schema: z.ZodType
  readonly entered: fc.Arbitrary<Entered>
}
interface Entered {
  readonly value: unknown
  readonly closed: readonly Record<string, unknown>[]
}

const leaf: fc.Arbitrary<Sample> = fc.constantFrom<Sample>(
  { schema: z.number(), entered: fc.integer().map((value) => ({ value, closed: [] })) },
  { schema: z.string(), entered: fc.string().map((value) => ({ value, closed: [] })) },
)

const list = (items: readonly Entered[]): Entered => ({
  value: items.map(({ value }) => value),
  closed: items.flatMap(({ closed }) => closed),
})

function members(fields: Readonly<Record<string, Entered | undefined>>, isClosed: boolean): Entered {
  const given = Object.entries(fields).flatMap(([name, entered]) => (entered === undefined ? [] : [[name, entered] as const]))
  const value = Object.fromEntries(given.map(([name, entered]) => [name, entered.value]))
  return { value, closed: [...(isClosed ? [value] : []), ...given.flatMap(([, { closed }]) => closed)] }
}

/** An object with some of these fields, each needed or not. */
function object(
  fields: Readonly<Record<string, { of: Sample; needed: boolean }>>,
  more: z.ZodRawShape = {},
): Sample & { schema: z.ZodObject } {
  const shape = Object.entries(fields).map(([name, { of, needed }]) => [name, needed ? of.schema : of.schema.optional()] as const)
  const entered = Object.entries(fields).map(
    ([name, { of, needed }]) => [name, needed ? of.entered : fc.option(of.entered, { nil: undefined })] as const,
  )
  return {
    schema: z.object({ ...Object.fromEntries(shape), ...more }),
    entered: fc.record<Record<string, Entered | undefined>>(Object.fromEntries(entered)).map((given) => members(given, true)),
  }
}

const fieldsOf = (names: readonly string[], of: fc.Arbitrary<Sample>) =>
  fc.dictionary(fc.constantFrom(...names), fc.record({ of, needed: fc.boolean() }), { maxKeys: 3 })

function union(samples: readonly Sample[]): Sample {
  return { schema: z.union(samples.map(({ schema }) => schema)), entered: fc.oneof(...samples.map(({ entered }) => entered)) }
}

function discriminated(samples: readonly (Sample & { schema: z.ZodObject })[]): Sample {
  const [first = z.object({ kind: z.literal('none') }), ...others] = samples.map(({ schema }, index) =>
    schema.extend({ kind: z.literal(`k${index}`) }),
  )
  const entered = samples.map((sample, index) =>
    sample.entered.map((given) => {
      Object.assign(given.value as object, { kind: `k${index}` })
      return given
    }),
  )
  return { schema: z.discriminatedUnion('kind', [first, ...others]), entered: fc.oneof(...entered) }
}

/** A tree of such objects. */
function recursive(node: Sample & { schema: z.ZodObject }): Sample {
  const schema: z.ZodType = z.lazy(() => node.schema.extend({ kids: z.array(schema).optional() }))
  const { tree: entered } = fc.letrec<{ tree: Entered }>((tie) => ({
    tree: fc
      .tuple(node.entered, fc.oneof({ maxDepth: 2 }, fc.constant([]), fc.array(tie('tree'), { maxLength: 2 })))
      .map(([given, kids]) => {
        if (kids.length > 0) Object.assign(given.value as object, { kids: kids.map(({ value }) => value) })
        return { value: given.value, closed: [...given.closed, ...kids.flatMap(({ closed }) => closed)] }
      }),
  }))
  return { schema, entered }
}

const names = ['a', 'b', 'c']
const { anything } = fc.letrec<{ anything: Sample; object: Sample & { schema: z.ZodObject } }>((tie) => ({
  object: fieldsOf(names, tie('anything')).map((fields) => object(fields)),
  anything: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    tie('object'),
    tie('anything').map(({ schema, entered }) => ({ schema: z.array(schema), entered: fc.array(entered, { maxLength: 3 }).map(list) })),
    fc.array(tie('anything'), { minLength: 1, maxLength: 3 }).map((parts) => ({
      schema: z.tuple(parts.map(({ schema }) => schema) as [z.ZodType, ...z.ZodType[]]),
      entered: fc.tuple(...parts.map(({ entered }) => entered)).map(list),
    })),
    tie('anything').map(({ schema, entered }) => ({
      schema: z.record(z.string(), schema),
      entered: fc.dictionary(fc.constantFrom(...names), entered, { maxKeys: 3 }).map((given) => members(given, false)),
    })),
    fc.array(tie('anything'), { minLength: 2, maxLength: 3 }).map(union),
    fc.array(tie('object'), { minLength: 1, maxLength: 3 }).map(discriminated),
    tie('object').map(recursive),
  ),
}))

const config = fieldsOf(names, anything).map((fields) => object(fields))
const configWithValue = config.chain(({ schema, entered }) => entered.map((given) => ({ schema, ...given })))

describe('for any schema', () => {
  test('a value that it takes, of known fields only, is never refused', () => {
    fc.assert(
      fc.property(configWithValue, ({ schema, value }) => {
        expect(schema.safeParse(value).success).toBe(true)
        expect(issuesOf(schema, value)).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  test('a field that is added to any closed object is', () => {
    fc.assert(
      fc.property(configWithValue, fc.nat(), ({ schema, value, closed }, choice) => {
        Object.assign(closed[choice % closed.length] as object, { other: true })
        expect(issuesOf(schema, value)).toContainEqual(expect.stringContaining('other: there is no such field'))
      }),
      { numRuns: 300 },
    )
  })
})
