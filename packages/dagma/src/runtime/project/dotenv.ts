import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { TextDecoder } from 'node:util'
import { dagmaError } from '../../errors.ts'
import { learnEnvironment } from '../../metadata/redaction/secret-values.ts'
import { parseDotenv } from './parse-dotenv.ts'

const reported = new Set<string>()

/** Tells the processes that this one starts which variables a file has set: they read it again, and it may have changed since. */
const marker = 'DAGMA_DOTENV'

/**
 * Sets the variables of the file `.env` in `folder`; variables that are set already stay, and a folder without the file is fine. The file is
 * read by the rules of Dagster's own reader, python-dotenv, so that a variable has the same value on both hosts. The command line and the
 * Dagster host call it; a script that calls `materialize()` calls it first where it wants the file. Variables that a parent process, such as
 * `dagma dev`, has from the same file count as not set: a changed file holds for what starts after the change.
 * @throws DAGMA_ENV_FILE_INVALID when it is not a file, cannot be read, is not UTF-8, or sets what the system does not take as a variable
 * @example
 * ```ts
 * loadDotenv(process.cwd())
 * ```
 */
export function loadDotenv(folder: string): void {
  const file = join(folder, '.env')
  const text = readText(file)
  forgetInherited(file)
  if (text === undefined) return
  const { values, unreadableLines } = parseDotenv(text, process.env)
  for (const line of unreadableLines) warnOnce(`${file}:${line}: this line is ignored: it is not of the form NAME=value.`)
  for (const [name, value] of values) {
    if (/[=\0]/.test(name) || value.includes('\0')) throw invalid(file, `sets ${JSON.stringify(name)}, which the system does not take`)
  }
  const names = [...values.keys()].filter((name) => process.env[name] === undefined)
  for (const name of names) process.env[name] = values.get(name)
  process.env[marker] = JSON.stringify([file, ...names])
  learnEnvironment()
}

function forgetInherited(file: string): void {
  const [inheritedFile, ...names] = JSON.parse(process.env[marker] ?? '[]') as string[]
  if (inheritedFile !== file) return
  for (const name of names) delete process.env[name]
  delete process.env[marker]
}

function readText(file: string): string | undefined {
  const stats = read(file, () => statSync(file, { throwIfNoEntry: false }))
  if (stats === undefined) return undefined
  if (!stats.isFile()) throw invalid(file, stats.isDirectory() ? 'is a folder' : 'is not a regular file')
  const bytes = read(file, () => readFileSync(file))
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw invalid(file, 'is not encoded in UTF-8')
  }
}

function read<Result>(file: string, action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    throw invalid(file, `cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

function invalid(file: string, reason: string): Error {
  return dagmaError('DAGMA_ENV_FILE_INVALID', { file, reason })
}

function warnOnce(message: string): void {
  if (reported.has(message)) return
  reported.add(message)
  process.emitWarning(message, { type: 'DagmaWarning', code: 'DAGMA_ENV_LINE_IGNORED' })
}
