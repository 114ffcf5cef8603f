/** This package's own files, from wherever its code is read: in its sources, compiled, or bundled. */
import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'

const packageJson = pathToFileURL(findPackageJSON(import.meta.url) ?? import.meta.filename)

/** The folder of this package, with "/" at the end. */
export const ownFolder: URL = new URL('.', packageJson)

/** The version of this package. */
export function ownVersion(): string {
  return JSON.parse(readFileSync(packageJson, 'utf8')).version
}

/** A module that is loaded by its address, for its own thread. `path` is that of its source in `src/`, without the ending. */
export function ownModule(path: string): URL {
  const isSource = extname(import.meta.url) === '.ts'
  return new URL(isSource ? `src/${path}.ts` : `dist/${path}.js`, ownFolder)
}
