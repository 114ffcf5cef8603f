import { stripVTControlCharacters } from 'node:util'

const logLine = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?: [+-]\d{4})? - \S+ - (\w+) - /
/** What a reload says in its own line: that definitions are wrong. And that a code server has ended as it should. */
const saidElsewhere =
  / - (?:ERROR - dagma\.errors\.DefinitionError: |WARNING - (?:.*: UserWarning: Error loading repository location |Code server process has exited with code 0\.))/
const pythonWarning = /^\S.*:\d+: \w*Warning: /

/**
 * The lines of Dagster's services that report a problem: warnings and errors of its log with the lines below them, and tracebacks. What it prints
 * of its own work, Python's warnings about code that is not the user's, what steps print, and definitions that do not load are not among them.
 */
export function tellsOfFailures(): (line: string) => boolean {
  let isWrong = false
  return (line) => {
    const plain = stripVTControlCharacters(line)
    const level = logLine.exec(plain)?.[1]
    if (level !== undefined) isWrong = /^(?:WARNING|ERROR|CRITICAL)$/.test(level) && !saidElsewhere.test(plain)
    else if (pythonWarning.test(plain)) isWrong = false
    else if (plain.startsWith('Traceback (most recent call last)')) isWrong = true
    return isWrong
  }
}
