/** Schemas of config with samples of what is entered for them: for random projects and for the comparison with Dagster's own check of config. */
import { z } from 'zod'

export interface ConfigCase {
  readonly schema: z.ZodType
  /** JSON that is entered; some of it is wrong. */
  readonly values: readonly unknown[]
}

const one = (field: z.ZodType, ...values: unknown[]): ConfigCase => ({
  schema: z.object({ field }),
  values: [{}, { field: null }, { feld: 1 }, ...values.flatMap((value) => [{ field: value }, { field: value, more: 1 }])],
})

const inner = z.object({ a: z.string(), b: z.number().optional() })
const innerValues = [{}, { a: 'x' }, { a: 'x', b: 1 }, { a: 1 }, { a: 'x', c: 1 }]
const node: z.ZodType = z.object({
  value: z.string(),
  get next() {
    return node.optional()
  },
})

export const configCases: readonly ConfigCase[] = [
  one(z.string(), 'x', '', 1, true),
  one(z.number(), 1, 1.5, 'x', '1'),
  one(z.int(), 1, 1.5, 'x'),
  one(z.boolean(), true, 'true', 0),
  one(z.string().optional(), 'x', 1),
  one(z.string().nullable(), 'x', null),
  one(z.string().nullish().default('x'), 'x', 1),
  one(z.number().min(1).max(3).default(2), 0, 1),
  one(z.enum(['a', 'b']), 'a', 'c', 1),
  one(z.enum(['a', 'b']).nullable(), 'a', 'c', null),
  one(z.literal('a'), 'a', 'b'),
  one(z.literal([1, 'a']), 1, 'a', 2),
  one(z.array(z.string()), [], ['a'], ['a', 1], 'a'),
  one(z.array(inner), [], innerValues, [{ a: 'x' }]),
  one(z.array(z.array(z.number().nullable())), [[1, null]], [[]], [['x']]),
  one(z.tuple([z.string(), z.number()]), ['a', 1], ['a'], []),
  one(z.tuple([z.string()], z.number()), ['a', 1, 2], ['a'], [1]),
  one(z.record(z.string(), z.number()), {}, { a: 1 }, { a: 'x' }),
  one(z.record(z.string(), inner), {}, { a: { a: 'x' } }, { a: { a: 'x', c: 1 } }),
  one(z.partialRecord(z.enum(['a', 'b']), z.number()), {}, { a: 1 }, { c: 1 }),
  one(z.record(z.enum(['a', 'b']), z.number()), { a: 1, b: 2 }, { a: 1 }),
  one(inner, ...innerValues),
  one(inner.nullable(), null, ...innerValues),
  one(inner.optional(), ...innerValues),
  one(z.looseObject({ a: z.string() }), ...innerValues),
  one(z.strictObject({ a: z.string() }), ...innerValues),
  one(z.object({ a: z.string() }).catchall(z.number()), ...innerValues),
  one(z.object({}), {}, { a: 1 }),
  one(z.union([z.string(), z.number()]), 'x', 1, true),
  one(z.union([z.string(), inner]), 'x', ...innerValues),
  one(z.union([z.date(), z.string()]), 'x', 1),
  one(
    z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b'), n: z.number() })]),
    { k: 'a' },
    { k: 'b', n: 1 },
    { k: 'a', m: 1 },
  ),
  one(z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() })), { a: 'x', b: 'y' }, { a: 'x' }),
  one(z.any(), 'x', 1, { a: [1] }),
  one(z.unknown().optional(), 'x', 1, [null]),
  one(z.json(), 'x', 1, { a: [1] }),
  one(z.iso.datetime(), '2026-01-01T00:00:00Z', 'x'),
  one(z.email(), 'a@b.example', 'x'),
  one(z.coerce.date(), '2026-01-01', '2026-01-01T00:00:00Z', 'x'),
  one(z.coerce.date().default(new Date(0)), '2026-01-01'),
  one(z.coerce.date().optional(), '2026-01-01'),
  one(z.array(z.coerce.date()), ['2026-01-01']),
  one(z.coerce.bigint(), 1, '12345678901234567890', 'x'),
  one(z.coerce.bigint().default(5n), 1),
  one(z.coerce.number(), 1, '1', 'x', true),
  one(z.coerce.string(), 1, 'x', true),
  one(z.coerce.boolean(), 1, 'x', false),
  one(z.stringbool(), 'yes', 'no', 'x'),
  one(z.string().transform(Number), '1', 1),
  one(
    z
      .string()
      .transform((value) => new Date(value))
      .pipe(z.date()),
    '2026-01-01',
    'x',
  ),
  one(
    z.transform((value) => value),
    1,
    'x',
  ),
  one(
    z.preprocess((value) => String(value), z.string()),
    1,
    'x',
  ),
  one(
    z.preprocess((value) => new Date(String(value)), z.date()),
    '2026-01-01',
  ),
  one(z.string().catch('x'), 1, 'x'),
  one(z.date().catch(new Date(0)), 1, 'x'),
  one(
    z.custom<string>((value) => typeof value === 'string'),
    1,
    'x',
  ),
  one(z.string().readonly(), 'x'),
  one(z.string().prefault('x'), 'y'),
  one(
    z.lazy(() => inner),
    ...innerValues,
  ),
  one(
    z.codec(z.iso.datetime(), z.date(), { decode: (value) => new Date(value), encode: (value) => value.toISOString() }),
    '2026-01-01T00:00:00Z',
    1,
  ),
  one(node, { value: 'x' }, { value: 'x', next: { value: 'y' } }, { value: 'x', next: { value: 'y', other: 1 } }),
  { schema: z.object({}), values: [{}, { a: 1 }] },
  {
    schema: z.object({ 'a b': z.string(), 'c.d': z.number(), '': z.boolean().optional(), $x: z.enum(['1', 'true', 'a b', '']) }),
    values: [
      { 'a b': 'x', 'c.d': 1, $x: '1' },
      { 'a b': 'x', 'c.d': 1, $x: '' },
    ],
  },
  { schema: z.object({ config: z.string(), type: z.int(), None: z.boolean() }), values: [{ config: 'x', type: 1, None: true }] },
  { schema: z.looseObject({ a: z.string() }), values: innerValues },
  { schema: z.strictObject({ a: z.string() }), values: innerValues },
  { schema: z.record(z.string(), z.number()), values: [{}, { a: 1 }, { a: 'x' }] },
  { schema: z.union([inner, z.object({ z: z.string() })]), values: [...innerValues, { z: 'x' }] },
  { schema: z.any(), values: [{}, { a: 1 }] },
  { schema: inner.refine((value) => value.a !== ''), values: innerValues },
  { schema: inner.transform((value) => value.a), values: innerValues },
  { schema: inner.default({ a: 'x' }), values: innerValues },
  { schema: inner.nullable(), values: innerValues },
  { schema: node, values: [{ value: 'x' }, { value: 'x', next: { value: 'y' } }] },
]

/** Refused when definitions are collected: no JSON can give these. */
export const impossibleConfigs: readonly ConfigCase[] = [
  ...[z.date(), z.bigint(), z.int64(), z.map(z.string(), z.number()), z.set(z.string()), z.symbol(), z.undefined(), z.void(), z.nan()].map(
    (field) => one(field),
  ),
  one(z.array(z.date())),
  one(z.date().optional()),
  { schema: z.string(), values: [] },
  { schema: z.array(z.string()), values: [] },
]
