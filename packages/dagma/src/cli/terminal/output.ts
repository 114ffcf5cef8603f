import { types } from 'node:util'
import type { WireMetadata, WireMetadataValue } from '../../metadata/normalize.ts'
import type { ObservationFieldName } from '../../metadata/observation-fields.ts'
import { isRecord } from '../../metadata/table-problems.ts'
import { GatedWriter, outletOf } from '../../runtime/gate/gated-output.ts'
import { styleText } from './style-text.ts'

const command = new GatedWriter(1, true)

/** Prints a line: part of the command's own answer. */
export function printLine(text = ''): void {
  command.write(`${text}\n`)
}

/**
 * Prints what another program acts on, as it is: the gate must not change it. Whoever made it has refused known secrets in it and gated what is shown.
 */
export function printAnswer(text: string): void {
  outletOf(1).write(`${text}\n`)
}

/**
 * Prints a value as one JSON document. A generator that is the value, a member of it, or a member of an item of it is printed as an array, an element
 * at a time.
 */
export function printJson(value: unknown): void {
  for (const piece of jsonPieces(value, '\n')) command.write(piece)
  command.write('\n')
}

/** The output of `JSON.stringify` with an indent of two, in pieces. `newline`: the line break and indent of the value. */
function* jsonPieces(value: unknown, newline: string): Generator<string> {
  if (!holdsGenerator(value)) {
    yield JSON.stringify(value, null, 2).replaceAll('\n', newline)
    return
  }
  const [open, close] = isGenerator(value) || Array.isArray(value) ? '[]' : '{}'
  let separator = open
  for (const [name, member] of membersOf(value)) {
    yield `${separator}${newline}  ${name === undefined ? '' : `${JSON.stringify(name)}: `}`
    yield* jsonPieces(member, `${newline}  `)
    separator = ','
  }
  yield separator === open ? `${open}${close}` : `${newline}${close}`
}

function* membersOf(value: object): Generator<[name: string | undefined, member: unknown]> {
  if (isGenerator(value) || Array.isArray(value)) for (const member of value) yield [undefined, member]
  else for (const [name, member] of Object.entries(value)) if (member !== undefined) yield [name, member]
}

function holdsGenerator(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  return isGenerator(value) || Object.values(value).some(isGenerator) || (Array.isArray(value) && value.some(holdsGenerator))
}

function isGenerator(value: unknown): value is Generator {
  return types.isGeneratorObject(value)
}

/** Prints rows in columns, the header first. On a terminal, the cells of the column `shrinking` are cut so that lines fit its width. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[], shrinking?: string): void {
  const columns = process.stdout.isTTY ? process.stdout.columns : undefined
  const shown =
    columns === undefined || shrinking === undefined ? rows : fitted(header, rows, { column: header.indexOf(shrinking), columns })
  const [first = '', ...others] = tableLines(header, shown)
  printLine(styleText('dim', first))
  for (const line of others) printLine(line)
}

function tableLines(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [header, ...rows].map(line)
}

/** The rows with one column cut so that lines fit into `columns` characters, though never below the length of its title or ten characters. */
export function fitted(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { column, columns }: { readonly column: number; readonly columns: number },
): readonly (readonly string[])[] {
  const others = header.map((title, index) =>
    index === column ? 0 : Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)),
  )
  const room = columns - others.reduce((sum, width) => sum + width, 2 * (header.length - 1))
  const width = Math.max(room, header[column]?.length ?? 0, 10)
  const cut = (cell: string): string => (cell.length <= width ? cell : `${cell.slice(0, width - 1)}…`)
  return rows.map((row) => row.map((cell, index) => (index === column ? cut(cell) : cell)))
}

/** Fields that the lines around the metadata show already. */
const shownAbove: readonly ObservationFieldName[] = ['event_type', 'status', 'error_type', 'error_summary']

/** Prints metadata, a key a line, below what it belongs to; that nothing was retried is not worth a line. */
export function printMetadata(metadata: WireMetadata): void {
  const shown = Object.entries(metadata).filter(
    ([key, { raw_value }]) => !(shownAbove as readonly string[]).includes(key) && !(key === 'retry_count' && raw_value === 0),
  )
  const width = Math.max(0, ...shown.map(([key]) => key.length))
  for (const [key, value] of shown) {
    const [first = '', ...others] = metadataLines(value)
    printLine(`    ${styleText('dim', key.padEnd(width))}  ${first}`)
    for (const line of others) printLine(`    ${' '.repeat(width)}  ${line}`)
  }
}

const shownRows = 10

/** The lines that show a metadata value: the header and first rows of a table, the columns of a schema, the lines of a text; otherwise one line. */
export function metadataLines(value: WireMetadataValue): readonly string[] {
  if (value.type === 'md') return markdownLines(String(value.raw_value))
  if (value.type === 'text') return String(value.raw_value).split('\n')
  const table = value.type === 'table' ? tableOf(value.raw_value) : value.type === 'table_schema' ? columnsOf(value.raw_value) : undefined
  if (table === undefined) return [metadataText(value)]
  const rows = table.rows.slice(0, shownRows)
  const more = table.rows.length - rows.length
  return [...tableLines(table.header, rows), ...(more > 0 ? [`… and ${more} more ${more === 1 ? 'row' : 'rows'}`] : [])]
}

function tableOf(value: unknown): { header: string[]; rows: string[][] } | undefined {
  if (!isRecord(value) || !Array.isArray(value.records) || !Array.isArray(value.schema)) return undefined
  const header = value.schema.map((column: unknown) => (isRecord(column) ? String(column.name) : ''))
  const rows = value.records.map((record: unknown) => header.map((name) => (isRecord(record) ? cellText(record[name]) : '')))
  return { header, rows }
}

/** A schema as a table: a row for each column. Fields that no column has are omitted. */
function columnsOf(schema: unknown): { header: string[]; rows: string[][] } | undefined {
  if (!isRecord(schema) || !Array.isArray(schema.columns)) return undefined
  const columns = schema.columns.map((column: unknown) => (isRecord(column) ? column : {}))
  const fields = ['name', 'type', 'description'].filter((field) => field !== 'description' || columns.some((column) => column[field]))
  return {
    header: fields.map((field) => field.toUpperCase()),
    rows: columns.map((column) => fields.map((field) => cellText(column[field]))),
  }
}

/** Markdown as it reads in a terminal: headings are bold, code has no fences, and there is at most one blank line in a row. */
function markdownLines(markdown: string): string[] {
  const lines: string[] = []
  let isCode = false
  for (const line of markdown.trim().split('\n')) {
    const [, heading] = /^#{1,6}\s+(.*)$/.exec(line) ?? []
    if (/^\s*(?:```|~~~)/.test(line)) isCode = !isCode
    else if (isCode || heading === undefined) {
      if (isCode || line.trim() !== '' || lines.at(-1) !== '') lines.push(line.trimEnd())
    } else lines.push(styleText('bold', heading))
  }
  return lines
}

/** A cell on one line; empty for null and undefined. */
function cellText(cell: unknown): string {
  return cell === null || cell === undefined ? '' : String(cell).replaceAll(/\s+/g, ' ')
}

/** A metadata value on one line. */
export function metadataText({ type, raw_value }: WireMetadataValue): string {
  if (type === 'timestamp') return new Date(Number(raw_value) * 1000).toISOString()
  return typeof raw_value === 'string' ? raw_value : JSON.stringify(raw_value)
}

/** A duration, such as `12 ms` or `3.4 s`. */
export function durationText(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
}
