import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Definitions, isDefinitions } from '../../definitions/model.ts'
import { dagmaError } from '../../errors.ts'
import { learnSecrets } from '../gate/known-secrets.ts'
import { allowBackslashInPaths } from './backslash-paths.ts'
import { loadDotenv } from './dotenv.ts'
import { moduleFailure } from './module-failure.ts'

/** A project on disk. */
export interface Project {
  /** Absolute; `.dagma/` in it holds the event log, values and local backends. */
  readonly folder: string
  /** Absolute path of the module whose default export is made by `definitions()`. */
  readonly module: string
  /** Patterns of the modules that `dagma generate` lists for that module, relative to the folder; none for a module named by hand. */
  readonly modulePatterns: readonly string[]
}

const defaultModule = 'src/definitions.ts'

/**
 * The project that `from` belongs to: the nearest folder upwards whose package.json has a `dagma` field. `module`, relative to `from`,
 * names another definitions module.
 * @throws DAGMA_PROJECT_NOT_FOUND, DAGMA_MODULE_NOT_FOUND, DAGMA_PLUG_AND_PLAY
 */
export function findProject(from: string, module?: string): Project {
  const folder = projectFolder(resolve(from)) ?? (module === undefined ? undefined : resolve(from))
  if (folder === undefined) throw dagmaError('DAGMA_PROJECT_NOT_FOUND', { folder: resolve(from) })
  const file = module === undefined ? resolve(folder, String(dagmaMember(folder, 'definitions') ?? defaultModule)) : resolve(from, module)
  if (!existsSync(file)) throw dagmaError('DAGMA_MODULE_NOT_FOUND', { file })
  expectNodeModules(folder)
  const modulePatterns = module === undefined ? [dagmaMember(folder, 'modules') ?? []].flat().map(String) : []
  return { folder, module: file, modulePatterns }
}

/**
 * Loads a project's definitions, after its `.env` (variables that are set already stay).
 * @throws DefinitionErrors when definitions are wrong; DAGMA_ENV_FILE_INVALID; DAGMA_MODULE_FAILED and others of kind `definition` when the module
 * cannot be loaded
 */
export async function loadDefinitions(project: Project): Promise<Definitions> {
  loadDotenv(project.folder)
  const loaded = await loadModule(project.module)
  if (!isDefinitions(loaded.default)) throw dagmaError('DAGMA_MODULE_NO_DEFINITIONS', { file: project.module })
  learnSecrets(loaded.default)
  return loaded.default
}

/** Imports a module. One that waits at its top level for what never comes would end the process without a word. */
async function loadModule(file: string): Promise<{ default?: unknown }> {
  const stuck = Promise.withResolvers<never>()
  const tell = (): void => stuck.reject(dagmaError('DAGMA_MODULE_FAILED', { place: file, reason: 'its top-level await never settles' }))
  if (file.includes('\\')) allowBackslashInPaths()
  process.once('beforeExit', tell)
  try {
    return await Promise.race([import(pathToFileURL(file).href), stuck.promise])
  } catch (error) {
    throw moduleFailure(error, file)
  } finally {
    process.off('beforeExit', tell)
  }
}

/** Refuses Yarn's Plug'n'Play: the embedded engine would run there, and Dagster would not find its packages. */
function expectNodeModules(folder: string): void {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'node_modules', 'dagma'))) return
    if (existsSync(join(at, '.pnp.cjs'))) throw dagmaError('DAGMA_PLUG_AND_PLAY', { folder: at })
    if (dirname(at) === at) return
  }
}

function projectFolder(folder: string): string | undefined {
  if (dagmaField(folder) !== undefined) return folder
  const parent = dirname(folder)
  return parent === folder ? undefined : projectFolder(parent)
}

function dagmaMember(folder: string, name: 'definitions' | 'modules'): unknown {
  const field: { readonly definitions?: unknown; readonly modules?: unknown } = Object(dagmaField(folder))
  return field[name]
}

function dagmaField(folder: string): unknown {
  const file = join(folder, 'package.json')
  if (!existsSync(file)) return undefined
  const json = readJson(file)
  return typeof json === 'object' && json !== null && 'dagma' in json ? json.dagma : undefined
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''))
  } catch (error) {
    throw dagmaError('DAGMA_MODULE_FAILED', { place: file, reason: `this is not valid JSON: ${(error as Error).message}` }, error)
  }
}
