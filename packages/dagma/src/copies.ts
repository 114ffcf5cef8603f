/** Which copies of this package a process has loaded: an integration may have brought one of its own. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { dagmaError } from './errors.ts'
import { ownFolder } from './own-files.ts'

const key: unique symbol = Symbol.for('dagma.copies') as never
const shared: { [key]?: Set<string> } = globalThis as never
shared[key] ??= new Set()
shared[key].add(ownFolder.href)

/** @throws DAGMA_TWO_COPIES: what one copy knows of secrets, runs and resources, another does not. */
export function expectOneCopy(): void {
  const folders = [...(shared[key] ?? [])]
  if (folders.length < 2) return
  const copies = folders.map((folder) => {
    const { version } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'))
    return `${version} in ${fileURLToPath(folder).slice(0, -1)}`
  })
  throw dagmaError('DAGMA_TWO_COPIES', { copies })
}
