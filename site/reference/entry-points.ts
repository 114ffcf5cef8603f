import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../pages.ts'

/** The entry points that have a reviewed report in `api/`, by their names there: `dagma`, `dagma-testing`, `qdrant`. */
export const apiNames: readonly string[] = readdirSync(join(repository, 'api'))
  .map((file) => file.replace('.api.md', ''))
  .sort((a, b) => Number(b.startsWith('dagma')) - Number(a.startsWith('dagma')) || a.localeCompare(b))

/** The specifier that a user imports: `dagma/testing` for `dagma-testing`. */
export function specifier(name: string): string {
  return name.startsWith('dagma') ? name.replace('-', '/') : `@dagma/${name}`
}

/** The file with the declarations of an entry point, which `tsc --build` wrote. */
export function declarationOf(name: string): string {
  const [folder = '', door] = name.split('-')
  const { exports } = JSON.parse(readFileSync(join(repository, 'packages', folder, 'package.json'), 'utf8'))
  return join(repository, 'packages', folder, exports[door === undefined ? '.' : `./${door}`].types)
}
