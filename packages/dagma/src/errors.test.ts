import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { catalogue } from './error-catalogue.ts'
import { DagmaError, DefinitionErrors, dagmaError } from './errors.ts'

/** Details of any error: each is its own name in braces, as text and as a list of one. */
const details: never = new Proxy({}, { get: (_, name) => [`{${String(name)}}`] }) as never

/** The row of each code in `docs/errors.md`. */
function documented(): [code: string, phase: string, hint: string, when: string][] {
  const text = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
  const rows = text.split('\n').filter((line) => line.startsWith('| `DAGMA_'))
  return rows.map((row) => {
    const [, code = '', phase = '', when = '', hint = ''] = row.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'))
    return [code.replaceAll('`', ''), phase, hint, when]
  })
}

describe('docs/errors.md and the catalogue', () => {
  test('have the same codes, in the same order', () => {
    expect(documented().map(([code]) => code)).toEqual(Object.keys(catalogue))
  })

  test('agree on phase and hint, and each has its occasion', () => {
    const inCode = Object.entries(catalogue).map(([code, entry]) => [code, entry.kind, entry.text(details).hint])
    expect(documented().map(([code, phase, hint]) => [code, phase, hint])).toEqual(inCode)
    for (const [code, , , when] of documented()) expect(when, code).toMatch(/^.{10,}\.$/)
  })
})

test('docs/errors.md has every class of error of the Python package', () => {
  const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
  const classes = [...read('python/src/dagma/errors.py').matchAll(/^class (\w+)\(/gm)].map(([, name]) => name)
  const bases = ['DagmaError', 'LoadError', 'StepError']
  const rows = [...read('docs/errors.md').matchAll(/^\| `(\w+Error)` \| [^|]{10,}\. \| [^|]{10,}\. \|$/gm)].map(([, name]) => name)
  expect([...bases, ...rows].sort()).toEqual([...classes].sort())
})

describe('every error of the catalogue', () => {
  test.each(Object.keys(catalogue) as (keyof typeof catalogue)[])('%s is whole', (code) => {
    const error = dagmaError(code, details)
    const { message, hint } = catalogue[code].text(details)
    expect(error.message.startsWith(message.trimEnd())).toBe(true)
    expect(error.message.endsWith(`${hint} [${code}]`)).toBe(true)
    expect(error.message).not.toMatch(/undefined|\[object|(?<!\.)\.\.(?!\.)/)
    expect(hint).toMatch(/^[A-Z].*[.?]$/)
    expect(error.code).toBe(code)
    expect(error.hint).toBe(hint)
    expect(error.name).toMatch(/^(Definition|Execution|UserCode|Protocol|Internal)Error$/)
  })
})

describe('DagmaError', () => {
  test('keeps its cause, and has none when none was given', () => {
    const cause = new Error('x')
    expect(dagmaError('DAGMA_INTERNAL', { reason: 'x' }, cause).cause).toBe(cause)
    expect('cause' in dagmaError('DAGMA_INTERNAL', { reason: 'x' })).toBe(false)
  })

  test('and DefinitionErrors are known by any copy of Dagma', () => {
    expect(dagmaError('DAGMA_INTERNAL', { reason: 'x' })).toBeInstanceOf(DagmaError)
    expect({ [Symbol.for('dagma.error')]: true }).toBeInstanceOf(DagmaError)
    expect(new Error('x')).not.toBeInstanceOf(DagmaError)
    expect(new DefinitionErrors([])).toBeInstanceOf(DefinitionErrors)
    expect({ [Symbol.for('dagma.definition-errors')]: true }).toBeInstanceOf(DefinitionErrors)
    for (const other of [new AggregateError([]), null, undefined, 'x']) expect(other instanceof DefinitionErrors).toBe(false)
  })

  test('ends the message as a sentence once', () => {
    const message = (reason: string) => dagmaError('DAGMA_RESOURCE_FAILED', { resource: 'db', reason }).message
    expect(message('no route')).toBe('The resource "db" could not be opened: no route. Check its settings. [DAGMA_RESOURCE_FAILED]')
    expect(message('no route.')).toBe(message('no route'))
    expect(message('really?')).toContain('really? Check')
  })
})
