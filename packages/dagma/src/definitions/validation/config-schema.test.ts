import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { DefinitionErrors } from '../../errors.ts'
import { thrownBy } from '../../test/temporary.ts'
import { asset } from '../assets/asset.ts'
import { definitions } from '../definitions.ts'
import { describedConfig, schemaWithDefaults } from './config-schema.ts'

const field = (schema: z.ZodType) => {
  const { schema: described, problems } = describedConfig(z.object({ field: schema }))
  const { properties, required = [] } = described as { properties: { field: unknown }; required?: unknown[] }
  return [properties.field, required.length > 0, problems]
}

describe('describedConfig', () => {
  test.each<[string, z.ZodType, unknown, boolean]>([
    ['a coerced date is entered as text', z.coerce.date(), { type: 'string', format: 'date-time' }, true],
    ['one with a default too', z.coerce.date().default(new Date(0)), { type: 'string', format: 'date-time' }, false],
    ['a coerced bigint', z.coerce.bigint().default(5n), { type: ['integer', 'string'] }, false],
    ['a coerced number from anything', z.coerce.number().describe('How many'), { description: 'How many' }, false],
    ['what is preprocessed', z.preprocess((value) => new Date(String(value)), z.date()), {}, false],
    ['what is transformed', z.string().transform(Number), { type: 'string' }, true],
    ['a transform alone', z.transform((value) => value), {}, false],
    ['a custom check', z.custom(() => true), {}, false],
    ['what is caught', z.date().catch(new Date(0)), {}, false],
    ['a date as one of several', z.union([z.date(), z.string()]), { anyOf: [{}, { type: 'string' }] }, true],
    [
      'what becomes a date',
      z
        .string()
        .transform((text) => new Date(text))
        .pipe(z.date()),
      { type: 'string' },
      true,
    ],
  ])('%s', (_, schema, expected, required) => {
    expect(field(schema)).toEqual([expected, required, []])
  })

  test.each([
    z.date(),
    z.bigint(),
    z.map(z.string(), z.string()),
    z.set(z.string()),
    z.symbol(),
    z.undefined(),
    z.void(),
    z.nan(),
    z.date().optional(),
  ])('what no JSON can give is named with its field and what to write: %#', (schema) => {
    const [, , problems] = field(schema)
    expect(problems).toEqual([expect.stringMatching(/^takes z\.\w+\(\) for "field", which no JSON can give: use z\.\w+/)])
  })

  test('a config is an object', () => {
    expect(describedConfig(z.string()).problems).toEqual(['takes string, while config is an object of fields'])
    expect(describedConfig(z.any()).problems).toEqual([])
  })

  test('definitions() names the asset', async () => {
    const load = asset({ key: 'load', config: z.object({ window: z.object({ since: z.date() }) }), run: () => 1 })
    const plain = asset({ key: 'plain', config: { limit: 3 } as never, run: () => 1 })
    const { errors } = (await thrownBy(() => definitions({ assets: [load, plain] }))) as DefinitionErrors
    expect(errors.map(({ problem }) => problem.replace(/ \(\S+:\d+\)/, ''))).toEqual([
      'The option "config" of step "load" takes z.date() for "window.since", which no JSON can give: use z.coerce.date().',
      'The option "config" of step "plain" must be a schema, of zod or any library with Standard Schema.',
    ])
  })
})

test('defaults that are constants are shown; those that are computed, or that a host may not show, are not', () => {
  let calls = 0
  const schema = z.object({
    limit: z.number().default(3).describe('How many'),
    default: z.string().default('a name'),
    nested: z.object({ tags: z.array(z.string()).default(['a']) }).default({ tags: [] }),
    now: z.string().default(() => new Date().toISOString()),
    counted: z.number().default(() => ++calls),
    key: z.string().default('hidden'),
  })
  const { properties } = schemaWithDefaults(schema, (value) => value !== 'hidden')
  expect(properties).toMatchObject({
    limit: { type: 'number', default: 3, description: 'How many' },
    default: { default: 'a name' },
    nested: { default: { tags: [] }, properties: { tags: { default: ['a'] } } },
  })
  for (const field of ['now', 'counted', 'key']) expect(properties).not.toHaveProperty([field, 'default'])
  const plain = z.object({ a: z.string() })
  expect(schemaWithDefaults(plain, () => true)).toBe(describedConfig(plain).schema)
})
