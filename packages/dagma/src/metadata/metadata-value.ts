import { dagmaError } from '../errors.ts'
import { checkedHttpUrl } from './links.ts'

/** JSON data. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined }

/**
 * JSON data as a metadata value: JSON itself, and objects that convert to it. Rows may be typed by an `interface`. What else an object
 * holds is checked when the metadata is recorded.
 */
export type JsonInput =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly JsonInput[]
  | { readonly [member: string]: JsonInput }
  | PlainObject

/** An object that is not a list, Map, Set, Promise, function, typed array or the like: those have a symbol as a key. */
type PlainObject = object & {
  readonly [Symbol.iterator]?: never
  readonly [Symbol.asyncIterator]?: never
  readonly [Symbol.toStringTag]?: never
  readonly [Symbol.hasInstance]?: never
  readonly [Symbol.match]?: never
}

/** The value of a cell of a {@link Table}. */
export type TableCell = string | number | boolean | null

/** A column of a {@link TableSchema}, as Dagster's `TableColumn`. */
export interface TableColumn {
  readonly name: string
  /** Name of the type; default `string`. */
  readonly type?: string
  readonly description?: string
  /** Default: it may hold null, and the same value twice. */
  readonly constraints?: {
    /** Whether it may hold null; default true. */
    readonly nullable?: boolean
    /** Whether no value is in it twice; default false. */
    readonly unique?: boolean
    /** Further constraints, in words, such as `> 0`. */
    readonly other?: readonly string[]
  }
  readonly tags?: { readonly [tag: string]: string }
}

/** Columns of a table, as Dagster's `TableSchema`. */
export interface TableSchema {
  readonly columns: readonly TableColumn[]
}

/**
 * Rows of plain values, as Dagster's `TableMetadataValue`. Without a schema, the columns are the fields of all rows. A field that a row lacks
 * is null.
 */
export interface Table<Row extends object = object> {
  readonly records: readonly Row[]
  readonly schema?: TableSchema
}

/** For each column, the upstream columns that it depends on, as Dagster's `TableColumnLineage`. `assetKey` has "/" between its parts. */
export interface TableColumnLineage {
  readonly depsByColumn: { readonly [column: string]: readonly { readonly assetKey: string; readonly columnName: string }[] }
}

/** The value that each type of metadata holds. The names are those of Dagster Pipes. */
export interface MetadataTypes {
  text: string
  md: string
  json: JsonInput
  url: string
  path: string
  notebook: string
  int: number
  float: number
  bool: boolean
  /** Seconds since 1970-01-01 UTC. */
  timestamp: number
  null: null
  /** Key of an asset, its parts joined by "/". */
  asset: string
  /** Id of a Dagster run. */
  dagster_run: string
  table: Table
  table_schema: TableSchema
  table_column_lineage: TableColumnLineage
}

/** Name of a metadata type, as Dagster Pipes writes it. */
export type MetadataType = keyof MetadataTypes

const brand: unique symbol = Symbol.for('dagma.metadata-value') as never

/**
 * A typed metadata value: what Dagster calls `MetadataValue`. Plain values need no constructor: a string becomes `text`, an integer
 * `int`, another number `float`, a boolean `bool`, null `null`, a Date `timestamp`, an array or object `json`.
 * A URL must be made by {@link MetadataValue.url}, or it would be shown as text.
 */
export class MetadataValue<Type extends MetadataType = MetadataType> {
  readonly type: Type
  readonly value: MetadataTypes[Type]
  readonly [brand] = true

  private constructor(type: Type, value: MetadataTypes[Type]) {
    this.type = type
    this.value = value
  }

  /** Plain text. */
  static text(value: string): MetadataValue<'text'> {
    return new MetadataValue('text', expectString('text', value))
  }

  /** Markdown. */
  static md(value: string): MetadataValue<'md'> {
    return new MetadataValue('md', expectString('md', value))
  }

  /** JSON data. */
  static json(value: JsonInput): MetadataValue<'json'> {
    return new MetadataValue('json', value)
  }

  /**
   * A link, shown as an anchor.
   * @throws DAGMA_URL_INVALID when it is not an absolute http or https URL, or has a user name or password.
   */
  static url(value: string | URL): MetadataValue<'url'> {
    return new MetadataValue('url', checkedHttpUrl(String(value), 'The URL in MetadataValue.url()'))
  }

  /** A path in a file system. */
  static path(value: string): MetadataValue<'path'> {
    return new MetadataValue('path', expectString('path', value))
  }

  /** Path of a notebook. */
  static notebook(value: string): MetadataValue<'notebook'> {
    return new MetadataValue('notebook', expectString('notebook', value))
  }

  /** An integer within ±(2^53 − 1). Dagster plots it over time. */
  static int(value: number): MetadataValue<'int'> {
    if (!Number.isSafeInteger(value))
      throw dagmaError('DAGMA_METADATA_INVALID', { key: 'int', reason: `is not an integer within ±(2^53 − 1): ${value}` })
    return new MetadataValue('int', value)
  }

  /** A finite number. Dagster plots it over time. */
  static float(value: number): MetadataValue<'float'> {
    if (!Number.isFinite(value)) throw dagmaError('DAGMA_METADATA_INVALID', { key: 'float', reason: `is not a finite number: ${value}` })
    return new MetadataValue('float', value)
  }

  /** True or false. */
  static bool(value: boolean): MetadataValue<'bool'> {
    return new MetadataValue('bool', value)
  }

  /** A moment; a number is in seconds since 1970-01-01 UTC. */
  static timestamp(value: Date | number): MetadataValue<'timestamp'> {
    const seconds = typeof value === 'number' ? value : value.getTime() / 1000
    if (!Number.isFinite(seconds)) throw dagmaError('DAGMA_METADATA_INVALID', { key: 'timestamp', reason: 'is not a valid time' })
    return new MetadataValue('timestamp', seconds)
  }

  /** Nothing. */
  static null(): MetadataValue<'null'> {
    return new MetadataValue('null', null)
  }

  /** Another asset, shown as a link to it. `key` has "/" between its parts. */
  static asset(key: string): MetadataValue<'asset'> {
    return new MetadataValue('asset', expectString('asset', key))
  }

  /** A Dagster run, shown as a link to it. */
  static dagsterRun(runId: string): MetadataValue<'dagster_run'> {
    return new MetadataValue('dagster_run', expectString('dagster_run', runId))
  }

  /** A small table. One above 16,000 characters of JSON is cut by rows. */
  static table<Row extends { readonly [Column in keyof Row]: TableCell | undefined }>(value: Table<Row>): MetadataValue<'table'> {
    return new MetadataValue('table', value)
  }

  /** The columns of a table. */
  static tableSchema(value: TableSchema): MetadataValue<'table_schema'> {
    return new MetadataValue('table_schema', value)
  }

  /** Which columns a table's columns come from. */
  static tableColumnLineage(value: TableColumnLineage): MetadataValue<'table_column_lineage'> {
    return new MetadataValue('table_column_lineage', value)
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }
}

function expectString(type: MetadataType, value: string): string {
  if (typeof value !== 'string') throw dagmaError('DAGMA_METADATA_INVALID', { key: type, reason: `must be a string, not ${typeof value}` })
  return value
}

/** A value that metadata accepts; the type of plain values is inferred as {@link MetadataValue} describes. `undefined` omits the key. */
export type MetadataInput = MetadataValue | JsonInput | Date

/** Metadata as a user writes it: keys to values. */
export type Metadata = { readonly [key: string]: MetadataInput }
