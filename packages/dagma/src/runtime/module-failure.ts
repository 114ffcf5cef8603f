import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DagmaError, DefinitionErrors, dagmaError } from '../errors.ts'

/** What Node threw while it loaded a user's module `file`, as one error with the user's place first and its cure. */
export function moduleFailure(thrown: unknown, file: string): DagmaError | DefinitionErrors {
  if (thrown instanceof DagmaError || thrown instanceof DefinitionErrors) return thrown
  const { code, message } = (thrown instanceof Error ? thrown : new Error('it threw no Error')) as NodeJS.ErrnoException
  const place = placeOf(thrown) ?? file
  switch (code) {
    case 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX':
      return dagmaError('DAGMA_TYPESCRIPT_UNSUPPORTED', { place, form: /^TypeScript (.+?) is not/.exec(message)?.[1] ?? 'syntax' })
    case 'ERR_UNKNOWN_FILE_EXTENSION':
      return dagmaError('DAGMA_FILE_TYPE_UNSUPPORTED', { place: / for (.+)$/.exec(message)?.[1] ?? place })
    case 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING':
      return dagmaError('DAGMA_TYPESCRIPT_IN_PACKAGE', { place: pathOf(/"(file:.+)"$/.exec(message)?.[1]) ?? place })
    case 'ERR_MODULE_NOT_FOUND':
      return notFound(message, file)
  }
  const decorated = thrown instanceof SyntaxError && message === 'Invalid or unexpected token' ? decoratorIn(file, new Set()) : undefined
  if (decorated !== undefined) return dagmaError('DAGMA_TYPESCRIPT_UNSUPPORTED', { place: decorated, form: 'decorator' })
  const name = thrown instanceof Error ? `${thrown.name}: ` : ''
  const noType = / does not provide an export named '(.+)'$/.exec(message)?.[1]
  const reason = `${name}${message}${noType === undefined ? '' : ` (when "${noType}" is a type, write "import type")`}`
  return dagmaError('DAGMA_MODULE_FAILED', { place, reason }, thrown)
}

/** An import that leads nowhere: a file named without its ending, or one that is not there, or a package. */
function notFound(message: string, file: string): DagmaError {
  const [, kind = '', wanted = '', importer = file] = /^Cannot find (module|package) '(.+?)' imported from (.+)$/.exec(message) ?? []
  const from = pathOf(importer) ?? importer
  if (kind === 'package') return dagmaError('DAGMA_PACKAGE_MISSING', { place: from, name: wanted })
  const meant = [`${wanted}.ts`, wanted.replace(/\.[cm]?js$/, '.ts'), `${wanted}/index.ts`, `${wanted}.js`].find(
    (candidate) => candidate !== wanted && existsSync(candidate),
  )
  return dagmaError('DAGMA_IMPORT_NOT_FOUND', { place: from, wanted, meant })
}

/** `file:line` of the user's code that threw, or that cannot be read: Node puts the latter before the message. */
function placeOf(thrown: unknown): string | undefined {
  const stack = thrown instanceof Error ? String(thrown.stack) : ''
  const unreadable = /^(file:\/\/\S+):(\d+)$/m.exec(stack)
  const frames = [...stack.matchAll(/^\s+at (?:.*\()?(file:\/\/[^)\s]+?):(\d+):\d+\)?$/gm)]
  const found = unreadable ?? frames.find(([, file = '']) => !file.includes('/node_modules/'))
  return found === undefined ? undefined : `${pathOf(found[1])}:${found[2]}`
}

/** `file:line` of the first decorator in a module or those that it imports: for those, the engine names no place. */
function decoratorIn(file: string, seen: Set<string>): string | undefined {
  if (seen.has(file) || !existsSync(file)) return undefined
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  const found = /(?:^|[\s({;])@[A-Za-z_$]/.exec(withoutText(text))
  if (found !== null) return `${file}:${text.slice(0, found.index + found[0].length).split('\n').length}`
  for (const [, imported = ''] of text.matchAll(/(?:from|import)[\s(]*['"](\.[^'"]+)['"]/g)) {
    const place = decoratorIn(resolve(dirname(file), imported), seen)
    if (place !== undefined) return place
  }
  return undefined
}

/** A module's text with its comments and quoted text blanked, each character for one, lines kept. */
function withoutText(code: string): string {
  const quoted = /\/\*.*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/gs
  return code.replace(quoted, (found) => found.replace(/[^\n]/g, '.'))
}

function pathOf(address: string | undefined): string | undefined {
  return address?.startsWith('file:') ? fileURLToPath(address) : address
}
