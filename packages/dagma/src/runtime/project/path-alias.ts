import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/** Resolves an import by `paths` of a tsconfig.json, which the compiler reads and Node does not. */
export interface PathAlias {
  /** The tsconfig.json that says so; undefined when only the form of the import does (`@/x`, `~/x`). */
  readonly config: string | undefined
  /** How the file is imported without the alias; undefined when there is no such file. */
  readonly direct: string | undefined
  /** The equivalent in package.json: the name and value of a member of `imports`. */
  readonly key: string
  readonly target: string
}

/** The alias that an import is, from the module `importer`; undefined when it is none. */
export function pathAlias(specifier: string, importer: string): PathAlias | undefined {
  const config = nearestConfig(dirname(importer))
  const { base, paths } = config === undefined ? { base: dirname(importer), paths: {} } : readPaths(config)
  for (const [pattern, target] of Object.entries(paths)) {
    const matched = match(pattern, specifier)
    if (matched === undefined) continue
    const file = existing(
      resolve(
        base,
        target.replace('*', () => matched),
      ),
    )
    const folder = target.replace(/^\.\//, '').replace(/\/?\*.*$/, '')
    const own = `./${relative(dirname(config ?? base), resolve(base, target))}`
    const key = pattern.includes('*') ? `#${folder === '' ? '' : `${folder.split('/').at(-1)}/`}*` : `#${pattern.replace(/^[@~#/]+/, '')}`
    return { config, direct: file === undefined ? undefined : specifierOf(importer, file), key, target: own }
  }
  const file = existing(resolve(base, specifier)) // as `baseUrl` has it
  if (file === undefined)
    return /^[@~]\//.test(specifier) ? { config: undefined, direct: undefined, key: '#src/*', target: './src/*' } : undefined
  const [folder = ''] = specifier.split('/')
  const target = `./${relative(dirname(config ?? base), resolve(base, folder))}/*`
  return { config: undefined, direct: specifierOf(importer, file), key: `#${folder}/*`, target }
}

/** The text that "*" of a pattern matches in a specifier; empty for a pattern without "*" that equals the specifier. */
function match(pattern: string, specifier: string): string | undefined {
  const [start = '', end] = pattern.split('*')
  if (end === undefined) return pattern === specifier ? '' : undefined
  const fits = specifier.length >= start.length + end.length && specifier.startsWith(start) && specifier.endsWith(end)
  return fits ? specifier.slice(start.length, specifier.length - end.length) : undefined
}

function existing(path: string): string | undefined {
  const candidates = [path, `${path}.ts`, `${path}.js`, path.replace(/\.[cm]?js$/, '.ts'), join(path, 'index.ts'), join(path, 'index.js')]
  return candidates.find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile())
}

function specifierOf(importer: string, file: string): string {
  const path = relative(dirname(importer), file)
  return path.startsWith('.') ? path : `./${path}`
}

function nearestConfig(folder: string): string | undefined {
  const file = join(folder, 'tsconfig.json')
  if (existsSync(file)) return file
  return dirname(folder) === folder ? undefined : nearestConfig(dirname(folder))
}

interface Paths {
  /** The folder that targets are below. */
  readonly base: string
  /** The first target of each pattern. */
  readonly paths: { readonly [pattern: string]: string }
}

/** The aliases of a tsconfig.json, or of the one that it extends. What cannot be read has none: this only explains an error. */
function readPaths(file: string, depth = 0): Paths {
  const none = { base: dirname(file), paths: {} }
  try {
    const config = JSON.parse(withoutComments(readFileSync(file, 'utf8')))
    const { paths, baseUrl = '.' } = config.compilerOptions ?? {}
    if (paths !== undefined) {
      const first = Object.entries<readonly string[]>(paths).map(([pattern, targets]) => [pattern, String(targets[0])])
      return { base: resolve(dirname(file), baseUrl), paths: Object.fromEntries(first) }
    }
    const parent = [config.extends].flat()[0]
    return typeof parent === 'string' && parent.startsWith('.') && depth < 10 ? readPaths(resolve(dirname(file), parent), depth + 1) : none
  } catch {
    return none
  }
}

/** JSON of a text with comments and commas before a closing bracket, as tsconfig.json may have them. */
function withoutComments(text: string): string {
  const kept = text.replace(/"(?:\\.|[^"\\])*"|\/\*.*?\*\/|\/\/[^\n]*/gs, (found) => (found.startsWith('"') ? found : ''))
  return kept.replace(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, (_, quoted?: string) => quoted ?? '')
}
