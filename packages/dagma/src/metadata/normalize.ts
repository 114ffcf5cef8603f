import { dagmaError } from '../errors.ts'
import {
  type Metadata,
  type MetadataInput,
  type MetadataType,
  MetadataValue,
  type Table,
  type TableColumn,
  type TableColumnLineage,
  type TableSchema,
} from './metadata-value.ts'
import { plainJson } from './plain-json.ts'

/** The longest text, or JSON text, that a metadata value may have, in characters. What is longer is cut, with a marker that states its size. */
export const longestMetadataValue = 16_000

/** A metadata value as it is stored and sent, in the form of Dagster Pipes. */
export interface WireMetadataValue {
  readonly type: MetadataType
  readonly raw_value: unknown
}

/** Metadata as it is stored and sent. */
export type WireMetadata = { readonly [key: string]: WireMetadataValue }

/**
 * Metadata in the form of Dagster Pipes: plain values inferred, keys whose value is `undefined` left out.
 * @throws DAGMA_METADATA_INVALID when a value cannot be carried: not JSON, not finite, beyond 2^53.
 */
export function normalize(metadata: Metadata): WireMetadata {
  const wire: { [key: string]: WireMetadataValue } = {}
  for (const [key, input] of Object.entries(metadata)) {
    if (input !== undefined) wire[key] = normalizeValue(key, input)
  }
  return wire
}

/** Metadata whose long values are cut, with a marker that states the full size. */
export function bound(metadata: WireMetadata): WireMetadata {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, boundValue(value)]))
}

function normalizeValue(key: string, input: Exclude<MetadataInput, undefined>): WireMetadataValue {
  if (input instanceof MetadataValue) {
    // Dagster's json holds no bare number, true or false; its other types do.
    if (input.type === 'json' && (typeof input.value === 'number' || typeof input.value === 'boolean'))
      return normalizeValue(key, input.value)
    return { type: input.type, raw_value: typedValue(key, input) }
  }
  if (input instanceof Date) return { type: 'timestamp', raw_value: MetadataValue.timestamp(input).value }
  if (input === null) return { type: 'null', raw_value: null }
  switch (typeof input) {
    case 'string':
      return { type: 'text', raw_value: input }
    case 'boolean':
      return { type: 'bool', raw_value: input }
    case 'number':
      return { type: Number.isInteger(input) ? 'int' : 'float', raw_value: plain(key, input) }
    default:
      return { type: 'json', raw_value: plain(key, input) }
  }
}

function typedValue(key: string, { type, value }: MetadataValue): unknown {
  if (type === 'float' || type === 'timestamp') return value // of any size: the constructors take finite numbers only
  if (type === 'table') return plain(key, tableForm(value as Table))
  if (type === 'table_schema') return plain(key, { columns: columnForms((value as TableSchema).columns) })
  if (type === 'table_column_lineage') return plain(key, lineageForm(value as TableColumnLineage))
  return plain(key, value)
}

/** Dagster wants a table's columns told, each with its type. */
function tableForm({ records, schema }: Table): unknown {
  const inferred = Object.entries(records[0] ?? {}).map(([name, cell]) => ({ name, type: cellType(cell) }))
  return { records, schema: columnForms(schema?.columns ?? inferred) }
}

/** Dagster takes a key with "/" in it for one part, unless it gets the path. */
function lineageForm({ depsByColumn }: TableColumnLineage): unknown {
  const pathed = Object.entries(depsByColumn).map(([column, deps]) => [
    column,
    deps.map(({ assetKey, columnName }) => ({ asset_key: assetKey.split('/'), column_name: columnName })),
  ])
  return { deps_by_column: Object.fromEntries(pathed) }
}

function cellType(cell: unknown): string {
  if (typeof cell === 'number') return Number.isInteger(cell) ? 'int' : 'float'
  return typeof cell === 'boolean' ? 'bool' : 'string'
}

function columnForms(columns: readonly TableColumn[]): unknown {
  return columns.map(({ name, type = 'string', description }) => ({ name, type, description: description ?? null }))
}

function plain(key: string, value: unknown): unknown {
  return plainJson(value, (reason) => dagmaError('DAGMA_METADATA_INVALID', { key, reason }))
}

function boundValue(value: WireMetadataValue): WireMetadataValue {
  const raw = value.raw_value
  if (typeof raw === 'string' && raw.length > longestMetadataValue) {
    return { ...value, raw_value: `${raw.slice(0, longestMetadataValue).toWellFormed()}… [cut: ${raw.length} characters in all]` }
  }
  if (typeof raw !== 'object' || raw === null) return value
  const text = JSON.stringify(raw)
  if (text.length <= longestMetadataValue) return value
  return { type: 'json', raw_value: { truncated: true, size_bytes: Buffer.byteLength(text), start: text.slice(0, 1000).toWellFormed() } }
}
