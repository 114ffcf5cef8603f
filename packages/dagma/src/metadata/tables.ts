/** Tables, their schemas and the lineage of their columns, in the form of Dagster Pipes. What is none of these stays as it is, and is refused by its form. */
import type { Table, TableColumn, TableColumnLineage, TableSchema } from './metadata-value.ts'
import { isRecord } from './table-problems.ts'

/**
 * A table in the form of Pipes. Dagster requires a schema and the same fields in each record: columns are those of the schema, or the fields of
 * all records, and a field that a record lacks is null.
 */
export function tableWire(table: Table): unknown {
  if (!isRecord(table) || !areRecords(table.records) || !(table.schema === undefined || areColumns(table.schema))) return table
  const { records, schema } = table
  const fields = new Set([...(schema?.columns ?? []).map(({ name }) => name), ...records.flatMap((record) => Object.keys(record))])
  const columns = schema?.columns ?? [...fields].map((name) => ({ name, type: columnType(records.map((record) => cellOf(record, name))) }))
  return {
    records: records.map((record) => Object.fromEntries([...fields].map((name) => [name, cellOf(record, name) ?? null]))),
    schema: columnsWire(columns),
  }
}

function cellOf(record: object, name: string): unknown {
  return Object.hasOwn(record, name) ? Reflect.get(record, name) : undefined
}

/** A schema in the form of Pipes. */
export function schemaWire(schema: TableSchema): unknown {
  return areColumns(schema) ? { columns: columnsWire(schema.columns) } : schema
}

/** Lineage in the form of Pipes. Dagster takes a key with "/" in it for one part, unless it gets the path. */
export function lineageWire(lineage: TableColumnLineage): unknown {
  if (!isRecord(lineage) || !isRecord(lineage.depsByColumn)) return lineage
  const pathed = Object.entries(lineage.depsByColumn).map(([column, deps]) => [column, areRecords(deps) ? deps.map(depWire) : deps])
  return { deps_by_column: Object.fromEntries(pathed) }
}

function depWire({ assetKey, columnName }: { readonly assetKey?: unknown; readonly columnName?: unknown }): unknown {
  return { ...(typeof assetKey === 'string' && { asset_key: assetKey.split('/') }), column_name: columnName ?? null }
}

function areRecords(value: unknown): value is { readonly [member: string]: unknown }[] {
  return Array.isArray(value) && value.every(isRecord)
}

function areColumns(schema: unknown): schema is TableSchema {
  return isRecord(schema) && areRecords(schema.columns)
}

function columnsWire(columns: readonly TableColumn[]): unknown {
  return columns.map(({ name, type = 'string', description, constraints, tags }) => ({
    name,
    type,
    description: description ?? null,
    ...(constraints !== undefined && { constraints }),
    ...(tags !== undefined && { tags }),
  }))
}

/** The type of the cells of a column: integers beside others are floats; cells of several types have none in common. */
function columnType(cells: readonly unknown[]): string {
  const types = new Set(cells.filter((cell) => cell !== null && cell !== undefined).map(cellType))
  const [only = 'string', ...others] = types
  if (others.length === 0) return only
  return [...types].every((type) => type === 'int' || type === 'float') ? 'float' : 'any'
}

function cellType(cell: unknown): string {
  if (typeof cell === 'number') return Number.isInteger(cell) ? 'int' : 'float'
  return typeof cell === 'boolean' ? 'bool' : 'string'
}

/** The table with as many records as fit into `longest` characters of JSON, then one that says how many there were; undefined: not even its schema fits. */
export function cutTable(value: unknown, longest: number): unknown {
  if (!isRecord(value) || !Array.isArray(value.records)) return undefined
  const { records, schema } = value
  let left = longest - JSON.stringify({ records: [], schema }).length - JSON.stringify(cutRecord(records)).length
  if (left < 0) return undefined
  const kept = records.findIndex((record) => {
    left -= JSON.stringify(record).length + 1
    return left < 0
  })
  return { records: [...records.slice(0, kept), cutRecord(records)], schema }
}

function cutRecord(records: readonly unknown[]): object {
  const names = isRecord(records[0]) ? Object.keys(records[0]) : []
  return Object.fromEntries(names.map((name, index) => [name, index === 0 ? `… [cut: ${records.length} records in all]` : null]))
}
