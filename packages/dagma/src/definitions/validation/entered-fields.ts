import { nearestName } from '../options/nearest-name.ts'
import { isSchema, type JsonSchema } from './config-schema.ts'

/**
 * Rejects config that the schema library would accept, equally on both hosts: fields that the schema does not name (a library
 * may drop them, and a slip of the pen would go unseen), and a text, number or truth value of another type than the schema names, which Dagster
 * refuses (a library may convert it). Of alternatives those count that fit what was entered, its unknown fields aside; objects that are open take
 * any field.
 */
export function enteredFieldIssues(schema: JsonSchema, entered: unknown): string[] {
  return new EnteredConfig(schema)
    .findings(schema, entered)
    .filter(({ kind }) => kind !== 'misfit')
    .map(({ path, text }) => `${path.join('.')}: ${text}`)
}

/** Something in an entered value that its schema does not allow. */
interface Finding {
  /** `misfit` is for the library to say; here it tells which alternatives do not count. */
  readonly kind: 'unknown field' | 'wrong type' | 'misfit'
  readonly path: readonly (string | number)[]
  readonly text: string
}

const misfit: Finding = { kind: 'misfit', path: [], text: '' }

const types: { readonly [type: string]: (value: unknown) => boolean } = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  array: Array.isArray,
  object: isSchema,
}

/** Compares values with parts of one schema, each value with each part once, so that recursive alternatives take no longer than others. */
class EnteredConfig {
  readonly #root: JsonSchema
  readonly #known = new Map<JsonSchema, Map<unknown, readonly Finding[]>>()

  constructor(root: JsonSchema) {
    this.#root = root
  }

  findings(schema: JsonSchema, entered: unknown): readonly Finding[] {
    if (entered === undefined) return []
    const known = this.#known.get(schema) ?? new Map<unknown, readonly Finding[]>()
    this.#known.set(schema, known)
    const before = known.get(entered)
    if (before !== undefined) return before
    known.set(entered, [misfit]) // an alternative that leads back to itself is none
    const found = this.#compare(schema, entered)
    known.set(entered, found)
    return found
  }

  #compare(schema: JsonSchema, entered: unknown): readonly Finding[] {
    if (typeof schema.$ref === 'string') {
      const target = this.#target(schema.$ref)
      return target === undefined ? [] : this.findings(target, entered)
    }
    const one = withoutNull(schema)
    if (one !== schema) return entered === null ? [] : this.findings(one, entered)
    if (schema.not !== undefined || !isAllowed(schema, entered)) return [typeFinding(schema, entered) ?? misfit]
    return [
      ...this.#alternatives(schemas(schema.anyOf ?? schema.oneOf), entered),
      ...this.#together(schemas(schema.allOf), entered),
      ...this.#inside(schema, entered),
    ]
  }

  /** The problems by the alternative that has most of the entered fields; if none matches, the library reports it. */
  #alternatives(alternatives: readonly JsonSchema[], entered: unknown): readonly Finding[] {
    if (alternatives.length === 0) return []
    const fitting = alternatives
      .map((one) => this.findings(one, entered))
      .filter((found) => found.every(({ kind }) => kind === 'unknown field'))
    return fitting.sort((one, other) => one.length - other.length || depth(other) - depth(one))[0] ?? [misfit]
  }

  /** Of an intersection, a field is unknown when none of its parts knows it. */
  #together(parts: readonly JsonSchema[], entered: unknown): readonly Finding[] {
    const found = parts.map((part) => this.findings(part, entered))
    const isUnknown = (path: Finding['path'], by: readonly Finding[]): boolean =>
      by.some((one) => one.kind === 'unknown field' && one.path.every((name, index) => name === path[index]))
    const all = found.flat()
    const unknown = all.filter(({ kind, path }) => kind === 'unknown field' && found.every((by) => isUnknown(path, by)))
    const byPath = new Map(unknown.map((one) => [JSON.stringify(one.path), one]))
    return [...byPath.values(), ...all.filter(({ kind }) => kind !== 'unknown field')]
  }

  #inside(schema: JsonSchema, entered: unknown): readonly Finding[] {
    if (Array.isArray(entered)) return this.#items(schema, entered)
    return isSchema(entered) && schema.type === 'object' ? this.#members(schema, entered) : []
  }

  #items({ prefixItems, items, minItems = 0 }: JsonSchema, entered: readonly unknown[]): readonly Finding[] {
    const first = schemas(prefixItems)
    if (entered.length < Number(minItems) || (first.length > 0 && !isSchema(items) && entered.length > first.length)) return [misfit]
    return entered.flatMap((item, index) => this.#below(first[index] ?? items, item, index))
  }

  #members(schema: JsonSchema, entered: JsonSchema): readonly Finding[] {
    const { properties, additionalProperties: others, propertyNames, patternProperties } = schema
    const named = isSchema(properties) ? properties : {}
    const required = Array.isArray(schema.required) ? schema.required : []
    const missing = required.some((name) => !Object.hasOwn(entered, name)) ? [misfit] : []
    const isClosed = isSchema(properties) && others !== true && !isSchema(others) && patternProperties === undefined
    const found = Object.entries(entered).flatMap(([name, value]): readonly Finding[] => {
      if (Object.hasOwn(named, name)) return this.#below(named[name], value, name)
      if (isSchema(propertyNames) && !isNameAllowed(propertyNames, name)) return [misfit]
      if (!isClosed) return this.#below(others, value, name)
      return others === false ? [misfit] : [{ kind: 'unknown field', path: [name], text: unknownText(name, Object.keys(named)) }]
    })
    return [...missing, ...found]
  }

  #below(schema: unknown, entered: unknown, name: string | number): readonly Finding[] {
    return isSchema(schema) ? this.findings(schema, entered).map((one) => ({ ...one, path: [name, ...one.path] })) : []
  }

  /** The part of the schema that a JSON pointer such as `#/$defs/tree` names. */
  #target(reference: string): JsonSchema | undefined {
    const names = reference
      .replace(/^#\/?/, '')
      .split('/')
      .filter((name) => name !== '')
    const target = names.reduce<unknown>((part, name) => {
      const key = decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~')
      return isSchema(part) && Object.hasOwn(part, key) ? part[key] : undefined
    }, this.#root)
    return isSchema(target) ? target : undefined
  }
}

function depth(findings: readonly Finding[]): number {
  return findings.reduce((sum, { path }) => sum + path.length, 0)
}

/** Whether a value is of one of the types and among the constants that a schema names. */
function isAllowed({ type, const: only, enum: values }: JsonSchema, entered: unknown): boolean {
  const named = type === undefined ? [] : [type].flat()
  if (named.length > 0 && !named.some((one) => typeof one === 'string' && (types[one]?.(entered) ?? true))) return false
  if (only !== undefined && only !== entered) return false
  return !Array.isArray(values) || values.includes(entered)
}

/** Whether the key of a record is among those that its schema lists; numbers are keys as texts. */
function isNameAllowed({ enum: names }: JsonSchema, name: string): boolean {
  return !Array.isArray(names) || names.some((one) => String(one) === name)
}

/** A text, number or truth value is expected, and something else entered. */
function typeFinding({ type }: JsonSchema, entered: unknown): Finding | undefined {
  if (typeof type !== 'string' || !['string', 'number', 'integer', 'boolean'].includes(type) || types[type]?.(entered)) return undefined
  return { kind: 'wrong type', path: [], text: `must be of type ${type}` }
}

function unknownText(name: string, names: readonly string[]): string {
  const nearest = nearestName(name, names)
  const hint = nearest !== undefined ? `did you mean "${nearest}"?` : `fields: ${names.length === 0 ? 'none' : names.join(', ')}`
  return `there is no such field (${hint})`
}

function schemas(list: unknown): JsonSchema[] {
  return Array.isArray(list) ? list.filter(isSchema) : []
}

/** The schema of the values that are not null, where null is one of two alternatives; otherwise the schema itself. */
function withoutNull(schema: JsonSchema): JsonSchema {
  if (Array.isArray(schema.anyOf)) {
    const rest = schema.anyOf.filter((one) => !(isSchema(one) && one.type === 'null'))
    return rest.length === 1 && rest.length < schema.anyOf.length && isSchema(rest[0]) ? rest[0] : schema
  }
  if (!Array.isArray(schema.type)) return schema
  const rest = schema.type.filter((type) => type !== 'null')
  return rest.length === 1 && rest.length < schema.type.length ? { ...schema, type: rest[0] } : schema
}
