import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nearestName } from '../../definitions/options/nearest-name.ts'
import { DagmaError, DefinitionErrors, dagmaError, definitionError } from '../../errors.ts'
import { thrownStack } from '../../metadata/thrown.ts'
import { ownFolder } from '../../own-files.ts'
import { reasonOf } from '../gate/exit-gate.ts'
import { pathAlias } from './path-alias.ts'

/** The error that Node threw while loading a user's module `file`, with the place in the user's code first, and a hint. */
export function moduleFailure(thrown: unknown, file: string): DagmaError | DefinitionErrors {
  if (thrown instanceof DefinitionErrors) return thrown
  if (thrown instanceof DagmaError) return definitionError(thrown, placeOf(thrown))
  const message = reasonOf(thrown)
  const { code } = (thrown instanceof Error ? thrown : {}) as NodeJS.ErrnoException
  const place = placeOf(thrown) ?? file
  switch (code) {
    case 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX':
      return dagmaError('DAGMA_TYPESCRIPT_UNSUPPORTED', { place, form: formOf(message) })
    case 'ERR_UNKNOWN_FILE_EXTENSION':
      return dagmaError('DAGMA_FILE_TYPE_UNSUPPORTED', { place: / for (.+)$/.exec(message)?.[1] ?? place })
    case 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING':
      return dagmaError('DAGMA_TYPESCRIPT_IN_PACKAGE', { place: pathOf(/"(file:.+)"$/.exec(message)?.[1]) ?? place })
    case 'ERR_MODULE_NOT_FOUND':
      return notFound(message, file)
  }
  const unreadable = thrown instanceof SyntaxError ? foreignForm(thrown, file) : undefined
  if (unreadable !== undefined) return dagmaError('DAGMA_TYPESCRIPT_UNSUPPORTED', unreadable)
  const name = thrown instanceof Error ? `${thrown.name}: ` : ''
  return dagmaError('DAGMA_MODULE_FAILED', { place, reason: `${name}${message}${hint(message)}` }, thrown)
}

/** The part of Node's message that names a form of TypeScript that it does not strip. */
function formOf(message: string): string {
  if (message.includes('angle-bracket')) return 'a TypeScript type assertion in angle brackets'
  if (message.includes('`module` keyword')) return 'the TypeScript keyword "module" for a namespace'
  return `a TypeScript ${/^TypeScript (.+?) is not/.exec(message)?.[1] ?? 'form'}`
}

/** The replacement, if Node's message does not contain it. */
function hint(message: string): string {
  const noType = / does not provide an export named '(.+)'$/.exec(message)?.[1]
  if (noType !== undefined) return ` (when "${noType}" is a type, write "import type")`
  return message.includes('needs an import attribute') ? ' (write `with { type: "json" }` behind the import)' : ''
}

/** A form for which Node has a mere syntax error, and where it stands. */
function foreignForm(thrown: SyntaxError, file: string): { place: string; form: string } | undefined {
  const code = (thrown as NodeJS.ErrnoException).code
  const [form, pattern, from] =
    code === 'ERR_INVALID_TYPESCRIPT_SYNTAX'
      ? (['JSX', jsx, placeOf(thrown)?.replace(/:\d+$/, '')] as const)
      : thrown.message.startsWith('Unexpected identifier')
        ? (['the keyword "accessor"', accessor, file] as const)
        : (['a TypeScript decorator', decorator, file] as const)
  const place = placeOfForm(pattern, from ?? file, new Set())
  return place === undefined ? undefined : { place, form }
}

const jsx = /<\/(?:[A-Za-z][\w.]*\s*)?>|<[A-Za-z][\w.]*(?:\s+[\w-]+(?:=[^<>]*)?)*\s*\/>/
const accessor = /(?:^|[\s{;}])accessor[ \t]+(?!(?:in|of|instanceof|as|satisfies)\b)[A-Za-z_$#]/
const decorator = /(?:^|[\s({;])@[A-Za-z_$]/

/** An import that leads nowhere: a file named without its ending, or one that is not there, or a package. */
function notFound(message: string, file: string): DagmaError {
  const [, kind = '', wanted = '', importer = file] = /^Cannot find (module|package) '(.+?)' imported from (.+)$/s.exec(message) ?? []
  const from = pathOf(importer) ?? importer
  if (kind === 'package') {
    const fits = (name: string): boolean => name === wanted || name.startsWith(`${wanted}/`)
    const place = placeOfImport(from, fits)
    const name = importsOf(from).find(fits) ?? wanted
    const alias = pathAlias(name, from)
    return alias === undefined
      ? dagmaError('DAGMA_PACKAGE_MISSING', { place, name: wanted })
      : dagmaError('DAGMA_IMPORT_ALIAS', { place, name, ...alias })
  }
  const meant = [`${wanted}.ts`, wanted.replace(/\.[cm]?js$/, '.ts'), `${wanted}/index.ts`, `${wanted}.js`].find(
    (candidate) => candidate !== wanted && existsSync(candidate),
  )
  const folder = dirname(wanted)
  const similar = existsSync(folder) ? nearestName(basename(wanted), readdirSync(folder)) : undefined
  const place = placeOfImport(from, (name) => resolve(dirname(from), name) === wanted)
  return dagmaError('DAGMA_IMPORT_NOT_FOUND', { place, wanted, meant: meant ?? (similar && join(folder, similar)) })
}

const imported = /(?:from|import)[\s(]*['"]([^'"]+)['"]/g

/** `file:line` of the import of what fits, which Node does not tell; the file alone when it is not found there. */
function placeOfImport(file: string, fits: (name: string) => boolean): string {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const found = [...text.matchAll(imported)].find(([, name = '']) => fits(name))
  return found === undefined ? file : `${file}:${text.slice(0, found.index + found[0].length).split('\n').length}`
}

/** The imports of a module. */
function importsOf(file: string): string[] {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  return [...text.matchAll(imported)].map(([, name = '']) => name)
}

/** `file:line` of the user's code that threw, or that cannot be read: Node puts the latter before the message. */
function placeOf(thrown: unknown): string | undefined {
  const stack = thrownStack(thrown)
  const unreadable = /^(file:\/\/\S+):(\d+)$/m.exec(stack)
  const frames = [...stack.matchAll(/^\s+at (?:.*\()?(file:\/\/[^)\s]+?):(\d+):\d+\)?$/gm)]
  const found = unreadable ?? frames.find(([, file = '']) => !file.includes('/node_modules/') && !file.startsWith(ownFolder.href))
  return found === undefined ? undefined : `${pathOf(found[1])}:${found[2]}`
}

/** `file:line` of the first such form in a module or those that it imports: the engine names no place. */
function placeOfForm(form: RegExp, file: string, seen: Set<string>): string | undefined {
  if (seen.has(file) || !existsSync(file)) return undefined
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  const found = form.exec(withoutText(text))
  if (found !== null) return `${file}:${text.slice(0, found.index + found[0].length).split('\n').length}`
  for (const [, name = ''] of text.matchAll(imported)) {
    const place = name.startsWith('.') ? placeOfForm(form, resolve(dirname(file), name), seen) : undefined
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
