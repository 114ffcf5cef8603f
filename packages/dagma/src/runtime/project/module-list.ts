/** The list of a project's modules, written from the patterns under `dagma.modules` of package.json, for `definitions({ modules })`. */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, extname, join, relative, sep } from 'node:path'
import { dagmaError } from '../../errors.ts'
import type { Project } from './project.ts'

const header = '// Written by `dagma generate`. Do not edit.'
const isModule = /\.[mc]?[jt]s$/
/** Tests and declarations declare no assets; the definitions module and the list import what is listed. */
const isOther = /\.(test|spec|d)\.[mc]?[jt]s$/

/** Writes a project's list. @throws DAGMA_MODULE_PATTERN when there is no pattern, or no file that it matches; DAGMA_MODULE_LIST_FOREIGN */
export function writeModuleList(project: Project): { readonly file: string; readonly modules: readonly string[]; readonly isNew: boolean } {
  if (project.modulePatterns.length === 0) throw dagmaError('DAGMA_MODULE_PATTERN', { reason: 'names no pattern' })
  const { file, modules, text } = moduleList(project)
  const before = existsSync(file) ? readFileSync(file, 'utf8') : undefined
  if (before !== undefined && !before.startsWith(header)) throw dagmaError('DAGMA_MODULE_LIST_FOREIGN', { file })
  const isNew = before !== text
  if (isNew) writeFileSync(file, text)
  return { file, modules, isNew }
}

/** Compares a project's list with its patterns, where it has some. @throws DAGMA_MODULE_LIST_OUTDATED, DAGMA_MODULE_PATTERN */
export function expectModuleList(project: Project): void {
  if (project.modulePatterns.length === 0) return
  const { file, text } = moduleList(project)
  const written = existsSync(file) ? readFileSync(file, 'utf8') : ''
  if (written === text) return
  const imports = (code: string): string[] => [...code.matchAll(/ from '(.+)'$/gm)].map(([, name = '']) => name)
  const [listed, found] = [imports(written), imports(text)]
  throw dagmaError('DAGMA_MODULE_LIST_OUTDATED', {
    file,
    missing: found.filter((name) => !listed.includes(name)),
    gone: listed.filter((name) => !found.includes(name)),
  })
}

function moduleList({ folder, module, modulePatterns }: Project): { file: string; modules: readonly string[]; text: string } {
  const file = join(dirname(module), `modules.gen${extname(module)}`)
  const modules = globSync([...modulePatterns], { cwd: folder, exclude: ['**/node_modules/**'] })
    .map((path) => join(folder, path))
    .filter((path) => isModule.test(path) && !isOther.test(path) && path !== module && path !== file)
    .map((path) => relative(dirname(file), path).replaceAll(sep, '/'))
    .map((path) => (path.startsWith('../') ? path : `./${path}`))
    .sort()
  if (modules.length === 0) throw dagmaError('DAGMA_MODULE_PATTERN', { reason: `matches no module with ${modulePatterns.join(', ')}` })
  const names = namesOf(modules)
  const imports = modules.map((path, index) => `import * as ${names[index]} from '${path.replace(/['\\]/g, '\\$&')}'`)
  const list = names.map((name) => `  ${name},\n`).join('')
  const typed = /ts$/.test(file) ? ' as const' : ''
  return { file, modules, text: `${header}\n${imports.join('\n')}\n\nexport const modules = [\n${list}]${typed}\n` }
}

/** A name for each module, after its path: its ending keeps it from being a reserved word. */
function namesOf(modules: readonly string[]): string[] {
  const names = new Set<string>()
  for (const path of modules) {
    const name = path.replace(/[^\p{L}\p{N}]+/gu, '_').replace(/^_(?=\p{L})/u, '')
    let free = name
    for (let number = 2; names.has(free); number++) free = `${name}${number}`
    names.add(free)
  }
  return [...names]
}
