import { dagmaError } from '../errors.ts'
import {
  type Metadata,
  type MetadataInput,
  type MetadataType,
  MetadataValue,
  type Table,
  type TableColumnLineage,
  type TableSchema,
} from './metadata-value.ts'
import { plainJson } from './plain-json.ts'
import { lineageProblem, schemaProblem, tableProblem } from './table-problems.ts'
import { cutTable, lineageWire, schemaWire, tableWire } from './tables.ts'

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
  if (type === 'table') return checked(key, tableWire(value as Table), tableProblem)
  if (type === 'table_schema') return checked(key, schemaWire(value as TableSchema), schemaProblem)
  if (type === 'table_column_lineage') return checked(key, lineageWire(value as TableColumnLineage), lineageProblem)
  return plain(key, value)
}

function checked(key: string, wire: unknown, problemOf: (wire: unknown) => string | undefined): unknown {
  const value = plain(key, wire)
  const problem = problemOf(value)
  if (problem !== undefined) throw dagmaError('DAGMA_METADATA_INVALID', { key, reason: problem })
  return value
}

function plain(key: string, value: unknown): unknown {
  return plainJson(value, (reason) => dagmaError('DAGMA_METADATA_INVALID', { key, reason }))
}

/** A text cut to `most` characters, with a marker that states its size; `length` when `text` is only the start of it. */
export function cutText(text: string, length = text.length, most = longestMetadataValue): string {
  if (length <= most) return text
  return `${text.slice(0, most).toWellFormed()}… [cut: ${length} characters in all]`
}

function boundValue(value: WireMetadataValue): WireMetadataValue {
  const raw = value.raw_value
  if (typeof raw === 'string') return { ...value, raw_value: cutText(raw) }
  if (typeof raw !== 'object' || raw === null) return value
  const text = JSON.stringify(raw)
  if (text.length <= longestMetadataValue) return value
  const rows = value.type === 'table' ? cutTable(raw, longestMetadataValue) : undefined
  if (rows !== undefined) return { type: 'table', raw_value: rows }
  return { type: 'json', raw_value: { truncated: true, size_bytes: Buffer.byteLength(text), start: text.slice(0, 1000).toWellFormed() } }
}
