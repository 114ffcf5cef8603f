/** Tables, schemas and lineage that Dagster rejects in messages of Pipes: its reader would stop at them and lose all later messages. */

type Record = { readonly [member: string]: unknown }

/** Why Dagster does not take this as a table; undefined: it does. */
export function tableProblem(value: unknown): string | undefined {
  if (!isRecord(value) || !Array.isArray(value.records) || !value.records.every(isRecord)) return 'is not a table with a list of records'
  const records: readonly Record[] = value.records
  for (const [index, record] of records.entries())
    for (const [name, cell] of Object.entries(record))
      if (typeof cell === 'object' && cell !== null)
        return `has ${Array.isArray(cell) ? 'a list' : 'an object'} in the cell "${name}" of record ${index + 1}; a cell is text, a number, true, false or null`
  const fields = (record: Record): string => JSON.stringify(Object.keys(record).sort())
  if (new Set(records.map(fields)).size > 1) return 'has records with different fields'
  return columnsProblem(value.schema)
}

/** Why Dagster does not take this as a table's schema. */
export function schemaProblem(value: unknown): string | undefined {
  return isRecord(value) ? columnsProblem(value.columns) : 'is not a schema'
}

function columnsProblem(columns: unknown): string | undefined {
  if (!Array.isArray(columns) || !columns.every(isRecord)) return 'has a schema that is not a list of columns'
  for (const { name, type, description, constraints, tags } of columns) {
    if (typeof name !== 'string' || typeof type !== 'string') return 'has a column whose name or type is not text'
    if (!isMissing(description) && typeof description !== 'string') return `has a column "${name}" whose description is not text`
    if (!isMissing(tags) && !(isRecord(tags) && Object.values(tags).every(isText)))
      return `has a column "${name}" whose tags are not all text`
    if (!isMissing(constraints) && !areConstraints(constraints))
      return `has a column "${name}" whose constraints are not { nullable, unique, other }: true or false twice, and a list of texts`
  }
  return undefined
}

const fitsConstraint: { readonly [name: string]: (value: unknown) => boolean } = {
  nullable: (value) => typeof value === 'boolean',
  unique: (value) => typeof value === 'boolean',
  other: (value) => Array.isArray(value) && value.every(isText),
}

function areConstraints(value: unknown): boolean {
  return (
    isRecord(value) && Object.entries(value).every(([name, item]) => Object.hasOwn(fitsConstraint, name) && fitsConstraint[name]?.(item))
  )
}

/** Why Dagster does not take this as the lineage of columns. */
export function lineageProblem(value: unknown): string | undefined {
  if (!isRecord(value) || !isRecord(value.deps_by_column)) return 'is not the lineage of columns'
  for (const [column, deps] of Object.entries(value.deps_by_column)) {
    if (!Array.isArray(deps) || !deps.every((dep) => isRecord(dep) && 'asset_key' in dep && isText(dep.column_name)))
      return `has a column "${column}" whose upstream columns are not a list of asset keys and column names`
    if (new Set(deps.map((dep) => JSON.stringify([dep.asset_key, dep.column_name]))).size < deps.length)
      return `names an upstream column of "${column}" twice`
  }
  return undefined
}

/** Whether a value is an object that is not a list. */
export function isRecord(value: unknown): value is Record {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null
}
