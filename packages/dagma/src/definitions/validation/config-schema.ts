import { isDeepStrictEqual } from 'node:util'
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'

/** A JSON Schema, or a part of one. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** The JSON Schema of a step's config, and the fields that JSON cannot supply. */
export interface DescribedConfig {
  readonly schema: JsonSchema
  /** Why no config that a host carries as JSON would do, each as the rest of a sentence about the option `config`; none for most schemas. */
  readonly problems: readonly string[]
}

const described = new WeakMap<object, DescribedConfig>()

/**
 * The JSON Schema of a config as it is entered, where its schema library gives one (Standard JSON Schema, zod 4), an open object otherwise.
 * Fields that the library coerces from any value accept any value. Defaults are left out: a schema library may compute them, and they are
 * filled in when the step runs.
 */
export function describedConfig(config: StandardSchemaV1): DescribedConfig {
  const known = described.get(config)
  if (known !== undefined) return known
  const made = describe(config['~standard'])
  described.set(config, made)
  return made
}

/**
 * That schema with the defaults that are constants: those that are the same when they are computed again a moment later. `isShown` may leave out more.
 * `default` is one that a host may enter for a field that is left out, with the same result; `x-default` is only for a person to read.
 */
export function schemaWithDefaults(config: StandardSchemaV1, isShown: (value: unknown) => boolean): JsonSchema {
  const { schema } = describedConfig(config)
  const standard = config['~standard']
  if (!describesItself(standard) || schema.type !== 'object') return schema
  const convert = (): JsonSchema => converted(standard, new ZodConversion({ hasDefaults: true }))
  const first = convert()
  const defaultsOf = (schema: JsonSchema): Map<string, string> => {
    const found = new Map<string, string>()
    withDefaults(schema, (_, value, path) => {
      found.set(path, String(JSON.stringify(value)))
      return undefined
    })
    return found
  }
  if (defaultsOf(first).size === 0) return schema
  for (const now = Date.now(); Date.now() === now; ); // a default may tell the time
  const again = defaultsOf(convert())
  return withDefaults(first, (keyword, value, path) => {
    if (again.get(path) !== JSON.stringify(value) || !isShown(value)) return undefined
    return standard.vendor === 'zod' ? keyword : 'x-default'
  })
}

function converted(standard: StandardJSONSchemaV1.Props & StandardSchemaV1.Props, zod: ZodConversion): JsonSchema {
  const libraryOptions = standard.vendor === 'zod' ? { unrepresentable: 'any', override: zod.override } : undefined
  return standard.jsonSchema.input({ target: 'draft-2020-12', libraryOptions })
}

function describe(standard: StandardSchemaV1.Props): DescribedConfig {
  if (!describesItself(standard)) return { schema: { type: 'object' }, problems: [] }
  const zod = new ZodConversion()
  try {
    const schema = withDefaults(converted(standard, zod), () => undefined)
    return { schema, problems: [...notAnObject(schema), ...zod.problems()] }
  } catch (error) {
    return { schema: { type: 'object' }, problems: [`cannot be described as JSON Schema: ${String((error as Error).message)}`] }
  }
}

function describesItself(standard: StandardSchemaV1.Props): standard is StandardJSONSchemaV1.Props & StandardSchemaV1.Props {
  return 'jsonSchema' in standard
}

function notAnObject({ type }: JsonSchema): string[] {
  const types = [type].flat()
  return type === undefined || types.includes('object') ? [] : [`takes ${types.join(' or ')}, while config is an object of fields`]
}

/** The data that zod passes for each part of a schema while converting it. */
interface ZodPart {
  readonly zodSchema: StandardSchemaV1 & { readonly _zod: { readonly def: ZodDefinition } }
  readonly jsonSchema: Record<string, unknown>
  readonly path: readonly (string | number)[]
}

interface ZodDefinition {
  readonly type: string
  readonly coerce?: boolean
  readonly in?: { readonly _zod: { readonly def: ZodDefinition } }
}

/** Kinds of zod whose values JSON cannot hold, with what to write instead. */
const beyondJson: { readonly [type: string]: string } = {
  date: 'z.coerce.date()',
  bigint: 'z.coerce.bigint()',
  map: 'z.record()',
  set: 'z.array()',
  symbol: 'z.string()',
  nan: 'z.number()',
  undefined: 'z.unknown().optional()',
  void: 'z.unknown().optional()',
  function: 'z.string()',
  file: 'z.string() with a path',
}

/** Completes zod's JSON Schema: its own throws at what has no JSON Schema, and narrows what is coerced. */
class ZodConversion {
  readonly #problems = new Map<string, string>()
  readonly #hasDefaults: boolean

  constructor({ hasDefaults = false } = {}) {
    this.#hasDefaults = hasDefaults
  }

  /** Called by zod for each part, the inner ones first. */
  readonly override = ({ zodSchema, jsonSchema, path }: ZodPart): void => {
    const { type, coerce, in: input } = zodSchema._zod.def
    if (this.#hasDefaults && 'default' in jsonSchema && !isEntered(zodSchema, jsonSchema.default)) {
      jsonSchema['x-default'] = jsonSchema.default
      delete jsonSchema.default
    }
    if (coerce) replace(jsonSchema, entered[type] ?? {})
    else if (type === 'catch' || (type === 'pipe' && input?._zod.def.type === 'transform')) this.#takeAnything(jsonSchema, path)
    else if (type in beyondJson && !path.includes('anyOf') && !path.includes('oneOf'))
      this.#problems.set(JSON.stringify(path), `takes z.${type}()${at(path)}, which no JSON can give: use ${beyondJson[type]}`)
  }

  problems(): string[] {
    return [...this.#problems.values()]
  }

  #takeAnything(jsonSchema: Record<string, unknown>, path: ZodPart['path']): void {
    const below = JSON.stringify(path).slice(0, -1)
    for (const where of this.#problems.keys()) if (where.startsWith(below)) this.#problems.delete(where)
    replace(jsonSchema, {})
  }
}

/** Whether entering a default as JSON has the same result as leaving the field out, so far as that is known without waiting. */
function isEntered(field: StandardSchemaV1, value: unknown): boolean {
  try {
    const results = [value, undefined].map((entered) => field['~standard'].validate(entered))
    for (const result of results) if (result instanceof Promise) void result.catch(() => {})
    const [entered, leftOut] = results
    return isDeepStrictEqual(entered, leftOut) && Object.hasOwn(Object(entered), 'value')
  } catch {
    return false
  }
}

/** How a kind that is coerced is entered; the others from anything. */
const entered: { readonly [type: string]: JsonSchema } = {
  date: { type: 'string', format: 'date-time' },
  bigint: { type: ['integer', 'string'] },
}

function replace(schema: Record<string, unknown>, by: JsonSchema): void {
  const { description } = schema
  for (const keyword of Object.keys(schema)) delete schema[keyword]
  Object.assign(schema, by, description === undefined ? {} : { description })
}

function at(path: ZodPart['path']): string {
  const names = path.filter((_, index) => path[index - 1] === 'properties')
  return names.length === 0 ? '' : ` for "${names.join('.')}"`
}

/** The keywords of a default: the first may be entered, the second is only shown. */
type DefaultKeyword = 'default' | 'x-default'

const isDefault = (keyword: string): keyword is DefaultKeyword => keyword === 'default' || keyword === 'x-default'

/** Under which keyword a default stays in a schema; undefined when it does not. `path` is that of its part of the schema. */
type KeepDefault = (keyword: DefaultKeyword, value: unknown, path: string) => DefaultKeyword | undefined

/** A JSON Schema with the defaults that `keep` says (members of `properties` that are named so stay); a field that takes anything may be left out. */
function withDefaults({ required, ...schema }: JsonSchema, keep: KeepDefault, path = ''): JsonSchema {
  const kept = Object.entries(schema).flatMap(([keyword, value]): [string, unknown][] => {
    const name = isDefault(keyword) ? keep(keyword, value, path) : keyword
    return name === undefined ? [] : [[name, value]]
  })
  const below = (item: JsonSchema, ...names: (string | number)[]): JsonSchema => withDefaults(item, keep, [path, ...names].join('/'))
  const needed = Array.isArray(required)
    ? required.filter((name) => !takesAnything(isSchema(schema.properties) ? schema.properties[name] : undefined))
    : []
  if (needed.length > 0) kept.push(['required', needed])
  return Object.fromEntries(
    kept.map(([keyword, value]) => {
      if (['enum', 'const', 'examples'].includes(keyword) || isDefault(keyword)) return [keyword, value]
      if (Array.isArray(value)) return [keyword, value.map((item, index) => (isSchema(item) ? below(item, keyword, index) : item))]
      if (!isSchema(value)) return [keyword, value]
      const named = ['properties', 'patternProperties', '$defs', 'definitions'].includes(keyword)
      if (!named) return [keyword, below(value, keyword)]
      return [
        keyword,
        Object.fromEntries(Object.entries(value).map(([name, item]) => [name, isSchema(item) ? below(item, keyword, name) : item])),
      ]
    }),
  )
}

function takesAnything(schema: unknown): boolean {
  return isSchema(schema) && Object.keys(schema).every((keyword) => keyword === 'description' || keyword === 'title')
}

/** Whether a member of a JSON Schema is a schema itself, with keywords. */
export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
