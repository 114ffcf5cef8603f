import type { Definitions } from '../../definitions/model.ts'
import { sha256 } from '../../metadata/sha256.ts'
import type { Project } from '../../runtime/project/project.ts'
import { buildManifest, type Manifest } from './manifest.ts'
import { lockFile, projectSources } from './sources.ts'

/** Identifies a version of a project's code, equally on every host that has it. */
export interface Digests {
  /** Of what the project declares. */
  readonly manifest: string
  /** Of the modules that the definitions module imports, directly or not, without installed packages. */
  readonly modules: string
  /** Of the lock file that says which packages are installed; null where there is none. */
  readonly lock_file: string | null
}

/** The manifest as `dagma build` writes it: what is declared, and the digests. */
export function manifestText(definitions: Definitions, project: Project): string {
  const manifest = buildManifest(definitions, project.folder)
  return JSON.stringify({ ...manifest, digests: digestsOf(manifest, project) })
}

/** The digests of a project whose manifest is known. */
export function digestsOf(manifest: Manifest, project: Project, sources = projectSources(project)): Digests {
  const lock = lockFile(project.folder)
  const modules = [...sources].map(([name, { content }]) => `${name} ${digest(content)}\n`).sort()
  return {
    manifest: digest(JSON.stringify(manifest)),
    modules: digest(modules.join('')),
    lock_file: lock === undefined ? null : digest(lock),
  }
}

function digest(content: string | Buffer): string {
  return `sha256:${sha256(content)}`
}
