/** Which files a project's code is in: what its definitions module imports, directly or not, as far as it is not an installed package. */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { createRequire, isBuiltin, registerHooks } from 'node:module'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ownFolder } from '../../own-files.ts'
import type { Project } from '../../runtime/project/project.ts'

const isModule = /\.[mc]?[jt]s$/
/**
 * Imports whose module is written out: static ones, `import()`, `require()`, and modules of worker threads. It may match text that is not code:
 * a file that it names by chance is one source too many, and the same one on every host.
 */
const imported =
  /(?:\bfrom|\bimport(?:\.meta\.resolve)?|\brequire(?:\.resolve)?|\bnew\s+URL)\s*\(?\s*(?:\/\*[^*]*\*\/\s*)?(['"`])([^'"`\\$\n]+)\1/g

/** A file of a project's code. */
export interface Source {
  /** Its path on this host, without symbolic links. */
  readonly file: string
  readonly content: Buffer
}

/** The sources of a project by name. A name is the same on every host: that of the package, and the path in it. */
export function projectSources(project: Project): Map<string, Source> {
  const sources = new Map<string, Source>()
  const packages = new Map<string, Package>()
  const ownPackage = fileURLToPath(ownFolder) // it is in the manifest by its version
  const resolver = openResolver()
  const found = new Set([realpathSync(project.module)])
  try {
    for (const file of found) {
      const content = withUnixLines(readFileSync(file))
      sources.set(sourceName(file, project, packages), { file, content })
      if (!isModule.test(file)) continue
      for (const [, , specifier = ''] of content.toString('utf8').matchAll(imported)) {
        const target = resolver.resolve(specifier, file)
        if (target !== undefined && !target.includes(`${sep}node_modules${sep}`) && !target.startsWith(ownPackage)) found.add(target)
      }
    }
  } finally {
    resolver.close()
  }
  return sources
}

/** The lock file that says which packages are installed: the nearest one upwards, as in a workspace. */
export function lockFile(folder: string): Buffer | undefined {
  const names = ['npm-shrinkwrap.json', 'package-lock.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock']
  const name = names.find((one) => existsSync(join(folder, one)))
  if (name !== undefined) return withUnixLines(readFileSync(join(folder, name)))
  return dirname(folder) === folder ? undefined : lockFile(dirname(folder))
}

/** Git may check text out with other ends of lines. */
function withUnixLines(content: Buffer): Buffer {
  return content.includes('\r\n') ? Buffer.from(content.toString('latin1').replaceAll('\r\n', '\n'), 'latin1') : content
}

/** Node's own resolution of imports, from any module. */
function openResolver() {
  let parentURL: string | undefined
  const hooks = registerHooks({
    resolve: (specifier, context, nextResolve) => nextResolve(specifier, parentURL === undefined ? context : { ...context, parentURL }),
  })
  const byImport = (specifier: string): string => fileURLToPath(import.meta.resolve(specifier))
  const byRequire = (specifier: string, file: string): string => createRequire(file).resolve(specifier)
  return {
    /** The file that a module's import means; undefined for what is not a file, or not there. */
    resolve(specifier: string, file: string): string | undefined {
      if (isBuiltin(specifier)) return undefined
      const beside = /^\.\.?\//.test(specifier) ? join(dirname(file), specifier) : undefined
      if (beside !== undefined && isModule.test(beside) && existsSync(beside)) return realpathSync(beside)
      parentURL = pathToFileURL(file).href
      for (const resolve of [byImport, byRequire])
        try {
          const target = resolve(specifier, file)
          if (/\.[^/\\]+$/.test(target)) return realpathSync(target)
        } catch {
          // the other way, or an import that fails if it is reached
        }
      return undefined
    },
    close: () => hooks.deregister(),
  }
}

interface Package {
  readonly name: string
  readonly folder: string
}

function sourceName(file: string, { folder }: Project, packages: Map<string, Package>): string {
  const inPackage = packageOf(dirname(file), packages)
  const from = inPackage?.folder ?? realpathSync(folder)
  return `${inPackage?.name ?? ''}:${relative(from, file).replaceAll(sep, '/')}`
}

/** The nearest package with a name. */
function packageOf(folder: string, packages: Map<string, Package>): Package | undefined {
  const known = packages.get(folder)
  if (known !== undefined) return known
  const file = join(folder, 'package.json')
  const { name }: { readonly name?: unknown } = existsSync(file)
    ? Object(JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')))
    : {}
  const found = typeof name === 'string' ? { name, folder } : dirname(folder) === folder ? undefined : packageOf(dirname(folder), packages)
  if (found !== undefined) packages.set(folder, found)
  return found
}
