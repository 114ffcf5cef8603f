/**
 * Random schemas of config with defaults: `node config-defaults.ts <seed> <count>` prints `{ schema, entered }` for each, with config that is accepted,
 * and an empty line. Then it reads lines `[number of the schema, config, config]` and prints for each whether a step would get the same from both.
 */
import { createInterface } from 'node:readline'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { z } from 'zod'
import { schemaWithDefaults } from '../../packages/dagma/src/definitions/validation/config-schema.ts'
import { validatedConfig } from '../../packages/dagma/src/runtime/step/validated-config.ts'

const [seed = '1', count = '100'] = process.argv.slice(2)

/** The default that no host may show. */
export const secretDefault = 'sk-4f9a8b7c6d5e4f3a'

/** A schema with what may be entered for it. */
interface Drawn {
  readonly schema: z.ZodType
  readonly entered: fc.Arbitrary<unknown>
}

const text = fc.oneof(fc.constantFrom('', 'a', ' A ', 'null', '5', '{"env": "HOME"}', 'ü'), fc.string({ maxLength: 4 }))
const int = fc.integer({ min: -3, max: 9 })
const float = fc.oneof(int, fc.constantFrom(0.5, -1.25, 1e21))

const leaf = fc.constantFrom<Drawn>(
  { schema: z.string(), entered: text },
  { schema: z.string().trim().toUpperCase(), entered: text },
  { schema: z.string().transform((value) => value.length), entered: text },
  { schema: z.string().refine(async (value) => value !== ''), entered: text },
  { schema: z.number(), entered: float },
  { schema: z.int().min(-3).max(9), entered: int },
  { schema: z.coerce.number(), entered: fc.oneof(int, fc.constant('5')) },
  { schema: z.coerce.date(), entered: fc.constantFrom('2026-01-01T00:00:00.000Z', '2026-01-01') },
  { schema: z.boolean(), entered: fc.boolean() },
  { schema: z.enum(['a', 'B', ' c ']), entered: fc.constantFrom('a', 'B', ' c ') },
  { schema: z.literal('only'), entered: fc.constant('only') },
  { schema: z.literal([1, 'a', null]), entered: fc.constantFrom(1, 'a', null) },
  { schema: z.union([z.string(), z.number()]), entered: fc.oneof(text, int) },
  { schema: z.any(), entered: fc.jsonValue({ maxDepth: 1 }) },
)

const leftOut = Symbol('left out')

function withoutLeftOut(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== leftOut))
}

/** Another value each time, until results are compared. */
let computed = 0
let isFrozen = false
const compute = (): number => (isFrozen ? computed : ++computed)

const { drawn } = fc.letrec<{ drawn: Drawn; object: Drawn }>((tie) => ({
  drawn: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 4, arbitrary: leaf },
    {
      weight: 1,
      arbitrary: tie('drawn').map(({ schema, entered }) => ({ schema: z.array(schema), entered: fc.array(entered, { maxLength: 2 }) })),
    },
    {
      weight: 1,
      arbitrary: tie('drawn').map(({ schema, entered }) => ({
        schema: z.record(z.string(), schema),
        entered: fc.dictionary(text, entered, { maxKeys: 2 }),
      })),
    },
    {
      weight: 2,
      arbitrary: tie('drawn').map(({ schema, entered }) => ({ schema: schema.nullable(), entered: fc.oneof(entered, fc.constant(null)) })),
    },
    {
      weight: 2,
      arbitrary: tie('drawn').map(({ schema, entered }) => ({
        schema: schema.optional(),
        entered: fc.oneof(entered, fc.constant(leftOut)),
      })),
    },
    { weight: 6, arbitrary: tie('drawn').chain(withDefault) },
    { weight: 3, arbitrary: tie('object') },
  ),
  object: fc
    .dictionary(fc.constantFrom('a', 'b', 'c', 'default', 'x y', 'type'), tie('drawn'), { minKeys: 1, maxKeys: 3 })
    .map((fields) => ({
      schema: z.object(Object.fromEntries(Object.entries(fields).map(([name, { schema }]) => [name, schema]))),
      entered: fc.record(Object.fromEntries(Object.entries(fields).map(([name, { entered }]) => [name, entered]))).map(withoutLeftOut),
    })),
}))

/** The schema with a default that is entered, one that is a result, one that is computed, or the secret. */
function withDefault({ schema, entered }: Drawn): fc.Arbitrary<Drawn> {
  const absent = fc.oneof(entered, fc.constant(leftOut))
  return fc.tuple(entered, fc.constantFrom('entered', 'result', 'computed', 'secret')).map(([value, kind]) => {
    if (kind === 'computed') return { schema: schema.default(() => compute() as never), entered: absent }
    if (kind === 'secret') return { schema: schema.default(secretDefault as never), entered: absent }
    if (value === leftOut) return { schema, entered }
    return {
      schema: kind === 'entered' ? schema.prefault(value as never) : schema.default(resultOf(schema, value) as never),
      entered: absent,
    }
  })
}

function resultOf(schema: z.ZodType, entered: unknown): unknown {
  try {
    return schema.parse(entered) ?? entered
  } catch {
    return entered
  }
}

const config = fc.tuple(drawn, drawn).chain(([first, second]) =>
  fc.record({
    schema: fc.constant(z.object({ first: first.schema, second: second.schema })),
    entered: fc.array(fc.record({ first: first.entered, second: second.entered }), { minLength: 3, maxLength: 3 }),
  }),
)

/** The config that a step would get; undefined when it is rejected. */
async function result(schema: z.ZodType, entered: unknown): Promise<{ value: unknown } | undefined> {
  const step = { kind: 'materialize', name: 'a', assets: [], checks: [], config: schema } as const
  return validatedConfig(step, entered).then(
    (value) => ({ value }),
    () => undefined,
  )
}

const cases = fc.sample(config, { seed: Number(seed), numRuns: Number(count) })
for (const { schema, entered } of cases) {
  const accepted: unknown[] = []
  for (const one of [{}, ...entered.map(withoutLeftOut)]) if ((await result(schema, one)) !== undefined) accepted.push(one)
  const shown = schemaWithDefaults(schema, (value) => !JSON.stringify(value).includes(secretDefault))
  console.log(JSON.stringify({ schema: shown, entered: accepted }))
}
console.log('')
isFrozen = true
for await (const line of createInterface({ input: process.stdin })) {
  const [index, ...configs] = JSON.parse(line)
  const [one, other] = await Promise.all(configs.map((entered: unknown) => result(cases[index]?.schema ?? z.never(), entered)))
  console.log(JSON.stringify(one !== undefined && isDeepStrictEqual(one, other)))
}
