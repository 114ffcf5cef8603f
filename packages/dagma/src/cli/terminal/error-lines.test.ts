import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { gateError } from '../../runtime/gate/exit-gate.ts'
import { stepErrorLines } from './error-lines.ts'

const failure = (message: string, cause?: unknown) => gateError(new Error(message, { cause }))
const withoutFrames = (lines: readonly string[]) => lines.map(stripVTControlCharacters).filter((line) => !/^\s+at /.test(line))

test('an error is shown once, however often the step is tried', () => {
  const lines = stepErrorLines()
  const [error, other] = [failure('no row', new TypeError('down')), failure('another')]
  const shown = ['    no row', '    caused by TypeError: down']
  const tries = [error, error, other, other].map((one) => withoutFrames(lines('a', one)))
  expect(tries).toEqual([shown, ['    same error as above'], ['    another'], ['    same error as above']])
  expect(withoutFrames(lines('b', error))).toEqual(shown)
})

test('a cause that is named with its class above has no line of its own', () => {
  const error = failure('src/a.ts:7: SyntaxError: Expected a comma. Fix the module.', new SyntaxError('Expected a comma'))
  expect(withoutFrames(stepErrorLines()('a', error))).toEqual(['    src/a.ts:7: SyntaxError: Expected a comma. Fix the module.'])
})

test('a message that is in one above is not shown again; frames of all are', () => {
  const error = failure('Step "a" failed: no row.', new TypeError('no row', { cause: new Error('no row') }))
  const lines = stepErrorLines()('a', error)
  expect(withoutFrames(lines)).toEqual(['    Step "a" failed: no row.', '    TypeError'])
  expect(lines.filter((line) => line.includes('    at ')).length).toBeGreaterThan(6)
})
