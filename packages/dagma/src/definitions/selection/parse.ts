import { type DagmaError, dagmaError } from '../../errors.ts'
import type { Selection } from './ast.ts'
import { SyntaxError as ParserError, parse } from './generated/parser.ts'

/** The error of the generated parser. `expected` is null if the grammar supplies the message. */
interface ParseFailure {
  readonly message: string
  readonly expected: readonly { readonly type: string; readonly text?: string; readonly description?: string }[] | null
  readonly location: { readonly start: { readonly offset: number } }
}

/**
 * The selection that `text` writes; undefined when it writes nothing.
 * @throws DAGMA_SELECTION_SYNTAX with the column at which it cannot be read on.
 */
export function parseSelection(text: string): Selection | undefined {
  expectShallow(text)
  try {
    return (parse(text, {}) as Selection | null) ?? undefined
  } catch (error) {
    if (!(error instanceof ParserError)) throw error
    const { message, expected, location } = error as unknown as ParseFailure
    const at = location.start.offset
    throw syntaxError(text, at, expected === null ? message : `${wanted(expected)} was expected, but there is ${found(text, at)}`)
  }
}

/** How deep parentheses and "not" may be nested: reading and evaluating go as deep, and the stack has an end. Dagster's own parser takes fewer. */
const deepest = 500

function expectShallow(text: string): void {
  /** For each open parenthesis, how many "not" are before it. */
  const open: number[] = []
  let nots = 0
  for (const { 0: token, index } of text.matchAll(/"[^"]*"|[A-Za-z0-9_*/]+|[()]/g)) {
    if (token === '(') open.push(nots)
    else if (token === 'not' || token === 'NOT') nots++
    else if (token === ')') nots = open.pop() ?? 0
    else nots = open.at(-1) ?? 0
    if (open.length + nots > deepest) throw syntaxError(text, index, `parentheses and "not" are nested more than ${deepest} deep`)
  }
}

/** The error for what is wrong at the offset `at` of a selection. */
export function syntaxError(selection: string, at: number, problem: string): DagmaError {
  const before = selection.slice(0, at).split('\n')
  const column = (before.at(-1) ?? '').length + 1
  const place = selection.includes('\n') ? `line ${before.length}, column ${column}` : `column ${column}`
  return dagmaError('DAGMA_SELECTION_SYNTAX', { selection, reason: `at ${place}, ${problem}` })
}

function wanted(expected: NonNullable<ParseFailure['expected']>): string {
  const shown = expected.filter(({ type, text, description }) => type === 'end' || (text ?? description) !== undefined) // not: one of some letters
  const names = new Set(shown.map(({ type, text, description }) => (type === 'end' ? 'the end' : (description ?? `"${text}"`))))
  names.delete('white space')
  // Where a selection may begin, much fits: one example says more than all of it.
  if (names.has('a filter')) return 'a selection such as key:"a"'
  const sorted = [...names].sort()
  return sorted.length < 2 ? sorted.join() : `${sorted.slice(0, -1).join(', ')} or ${sorted.at(-1)}`
}

function found(text: string, at: number): string {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0)
  return at >= text.length ? 'nothing more' : character === '"' ? 'a double quote' : JSON.stringify(character)
}
