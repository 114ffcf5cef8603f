import { fileURLToPath } from 'node:url'

/** Arguments for Node that run the command line from its sources, so that no build is needed; compiled code is kept from one to the next. */
export const commandLine: readonly string[] = [
  '--input-type=module',
  '-e',
  `(await import('node:module')).enableCompileCache(); process.argv.splice(1, 0, 'dagma'); const { main } = await import('${new URL('../cli/main.ts', import.meta.url)}'); await main(process.argv.slice(2))`,
  '--',
]

/** Address of the package's sources, for imports in the files of a test. */
export const dagma: string = new URL('../index.ts', import.meta.url).href

/** An address of a package in this repository's node_modules, likewise. */
export const packageAt = (name: string): string => import.meta.resolve(name)

/** The sources' folder. */
export const sources: string = fileURLToPath(new URL('..', import.meta.url))
