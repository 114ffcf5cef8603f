import { isSchema, type JsonSchema } from './config-schema.ts'
import { nearestName } from './nearest-name.ts'

/**
 * What Dagster would refuse in an entered config although the schema library takes it, so that both hosts refuse it: fields that the schema does
 * not name (a library may drop them, and a slip of the pen would go unseen), and a text, number or truth value of another type than the schema
 * names (a library may convert it). Objects that are open, and places where Dagster takes anything (alternatives, references), are left to the
 * library.
 */
export function enteredFieldIssues(schema: JsonSchema, entered: unknown, path = ''): string[] {
  const one = withoutNull(schema)
  if (entered === null && one !== schema) return []
  if (typeof one.type === 'string' && one.type in scalars) return scalarIssue(one.type, entered, path)
  if (Array.isArray(entered))
    return isSchema(one.items) && one.prefixItems === undefined
      ? entered.flatMap((item, index) => enteredFieldIssues(one.items as JsonSchema, item, join(path, index)))
      : []
  return isSchema(entered) && one.type === 'object' ? objectIssues(one, entered, path) : []
}

const scalars: { readonly [type: string]: (value: unknown) => boolean } = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
}

function scalarIssue(type: string, entered: unknown, path: string): string[] {
  return entered === undefined || scalars[type]?.(entered) ? [] : [`${path}: must be of type ${type}`]
}

function objectIssues({ properties, additionalProperties: others }: JsonSchema, entered: JsonSchema, path: string): string[] {
  const members = Object.entries(entered)
  if (!isSchema(properties))
    return isSchema(others) ? members.flatMap(([name, value]) => enteredFieldIssues(others, value, join(path, name))) : []
  if (others === true || isSchema(others)) return []
  const names = Object.keys(properties)
  return members.flatMap(([name, value]) => {
    const member = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (isSchema(member)) return enteredFieldIssues(member, value, join(path, name))
    if (others === false) return [] // the library itself refuses it
    const nearest = nearestName(name, names)
    const hint = nearest !== undefined ? `did you mean "${nearest}"?` : `fields: ${names.length === 0 ? 'none' : names.join(', ')}`
    return [`${join(path, name)}: there is no such field (${hint})`]
  })
}

function join(path: string, name: string | number): string {
  return path === '' ? String(name) : `${path}.${name}`
}

/** The schema of the values that are not null, where null is one of two alternatives; else the schema itself. */
function withoutNull(schema: JsonSchema): JsonSchema {
  if (Array.isArray(schema.anyOf)) {
    const rest = schema.anyOf.filter((one) => !(isSchema(one) && one.type === 'null'))
    return rest.length === 1 && rest.length < schema.anyOf.length && isSchema(rest[0]) ? rest[0] : schema
  }
  if (!Array.isArray(schema.type)) return schema
  const types = schema.type.filter((type) => type !== 'null')
  return types.length === 1 ? { ...schema, type: types[0] } : schema
}
