import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Links to folders with a backslash in their path, by that path. */
const links = new Map<string, string>()

/**
 * Lets this process import modules from folders whose names hold a backslash. Node refuses their addresses, in which the backslash is encoded.
 * Modules are looked up through a link to the folder; what is found has its real path. The links are removed when the process ends.
 */
export function allowBackslashInPaths(): void {
  if (links.size > 0) return
  const folder = mkdtempSync(join(tmpdir(), 'dagma-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const linked = (address: string): string => {
    if (!/^file:.*%5C/i.test(address)) return address
    const path = fileURLToPath(address)
    const [real = path] = /^.*\\[^/]*/s.exec(path) ?? []
    const link = links.get(real) ?? join(folder, String(links.size))
    if (!links.has(real)) symlinkSync(real, link)
    links.set(real, link)
    return pathToFileURL(link + path.slice(real.length)).href
  }
  registerHooks({
    resolve: (specifier, context, nextResolve) => {
      try {
        return nextResolve(linked(specifier), { ...context, parentURL: context.parentURL && linked(context.parentURL) })
      } catch (error) {
        if (error instanceof Error) for (const [real, link] of links) error.message = error.message.replaceAll(link, real)
        throw error
      }
    },
  })
}
