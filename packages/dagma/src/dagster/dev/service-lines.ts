import { stripVTControlCharacters } from 'node:util'

const logLine = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?: [+-]\d{4})? - \S+ - (\w+) - /
/** Lines that repeat what a reload prints itself (that definitions are invalid), or report the expected end of a code server. */
const saidElsewhere =
  / - (?:ERROR - dagma\.errors\.DefinitionError: |WARNING - (?:.*: UserWarning: Error loading repository location |Code server process has exited with code 0\.))/
const pythonWarning = /^\S.*:\d+: \w*Warning: /
/** The end of a run whose steps have said why they failed; Dagster repeats it below. */
const failedBySteps = / - RUN_FAILURE - .* Steps failed: /
/** Frames of a Python stack that are in Python itself and in installed packages: Dagster's and Dagma's own. */
const packageFrame = /^ +File ".*\/lib\/python[\d.]+\/.*", line \d+, in /

/**
 * The lines of Dagster's services that report a problem: warnings and errors of its log with the lines below them, and tracebacks. What it prints
 * of its own work, Python's warnings about code that is not the user's, what steps print, definitions that do not load and what is said already are
 * not among them, nor are frames of installed Python packages.
 */
export function tellsOfFailures(): (line: string) => boolean {
  let isWrong = false
  let isInFrame = false
  return (line) => {
    const plain = stripVTControlCharacters(line)
    const level = logLine.exec(plain)?.[1]
    isInFrame = packageFrame.test(plain) || (isInFrame && plain.startsWith('    '))
    if (isInFrame || plain === 'Stack Trace:') return false
    if (failedBySteps.test(plain)) {
      isWrong = false
      return true
    }
    if (level !== undefined) isWrong = /^(?:WARNING|ERROR|CRITICAL)$/.test(level) && !saidElsewhere.test(plain)
    else if (pythonWarning.test(plain)) isWrong = false
    else if (plain.startsWith('Traceback (most recent call last)')) isWrong = true
    return isWrong
  }
}
