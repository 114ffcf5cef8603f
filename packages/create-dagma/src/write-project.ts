/** Writes a template into a folder. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type PackageManager, packageManagers } from './package-managers.ts'

const folder = fileURLToPath(new URL('../templates/', import.meta.url))
const ownVersion: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version

export const templates = {
  minimal: { description: 'two assets', job: 'shop_job', partition: undefined },
  rag: { description: 'embeddings, a vector store, search and its evaluation, on local backends', job: 'rag_job', partition: undefined },
  ingestion: { description: 'daily partitions from an HTTP API, checks, a schedule', job: 'ingest_orders', partition: '2026-01-02' },
} as const

export type Template = keyof typeof templates

/** The options of a new project. */
export interface ProjectOptions {
  /** Absolute. */
  readonly folder: string
  readonly template: Template
  readonly packageManager: PackageManager
  /** Version of the package manager, for `packageManager` of package.json; empty: not known. */
  readonly packageManagerVersion: string
  /** Whether it is a part of a workspace, whose own files say how it is tested and deployed. */
  readonly isInWorkspace: boolean
  /** Whether Node comes as a package. */
  readonly nodePackage: boolean
}

/** Node by platform, since the package `node` runs a script when it is installed, which pnpm and yarn refuse. */
const nodePackages = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'darwin-x64'].map((platform) => `node-${platform}`)
const nodeVersion = '24.21.0'

/** Whether a project may be written here: into no folder, an empty one, or one that has only a Git repository. */
export function isFree(target: string): boolean {
  return !existsSync(target) || readdirSync(target).every((name) => name === '.git')
}

/** A name that npm takes, after a folder's name. */
export function packageName(target: string): string {
  const name = basename(target).normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  return name.replace(/[^a-z0-9._~-]+/g, '-').replace(/^[-._]+|-+$/g, '') || 'dagma-project'
}

/** Writes the project. */
export function writeProject(options: ProjectOptions): void {
  const { folder: target, template, packageManager, isInWorkspace } = options
  mkdirSync(target, { recursive: true })
  for (const part of ['common', template]) copyFolder(join(folder, part), target)
  renameSync(join(target, '_gitignore'), join(target, '.gitignore')) // npm leaves a .gitignore out of a package
  if (isInWorkspace) for (const file of ['.github', 'Dockerfile', '.dockerignore']) rmSync(join(target, file), { recursive: true })
  else if (packageManager === 'yarn') writeFileSync(join(target, '.yarnrc.yml'), 'nodeLinker: node-modules\n')
  writePackageJson(options)
  const texts = { ...packageManagers[packageManager], ...launchTexts(template), install: `${packageManager} install` }
  for (const file of ['README.md', 'AGENTS.md', 'Dockerfile', '.github/workflows/ci.yml'])
    if (existsSync(join(target, file))) fillIn(join(target, file), { ...texts, name: basename(target) }, options)
}

/** How the job is launched on a command line, for one partition, and in a container, which makes those that are missing. */
function launchTexts(template: Template) {
  const { job, partition } = templates[template]
  const inContainer = ['--job', job, ...(partition === undefined ? [] : ['--missing'])]
  return {
    launch: `dagma job launch -j ${job}${partition === undefined ? '' : ` --partition ${partition}`}`,
    containerArguments: inContainer.map((argument) => JSON.stringify(argument)).join(', '),
  }
}

/** Yarn runs this from within an archive, of which `cpSync` knows nothing. */
function copyFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (!entry.isDirectory()) writeFileSync(target, readFileSync(source))
    else if (entry.name !== 'node_modules' && entry.name !== '.dagma') copyFolder(source, target)
  }
}

/** Puts texts for `{{name}}` in a file. Lines that do not hold for the project are left out: npm needs no corepack. */
function fillIn(file: string, texts: { readonly [name: string]: string }, { packageManager, isInWorkspace }: ProjectOptions): void {
  const isLeftOut = (line: string): boolean =>
    (packageManager === 'npm' && line.includes('{{corepack}}')) || (isInWorkspace && line.includes('`Dockerfile`'))
  const kept = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => !isLeftOut(line))
  const all = { ...texts, corepack: texts.ci?.startsWith('bun') ? 'npm install --global bun' : 'corepack enable' }
  writeFileSync(
    file,
    kept.join('\n').replace(/\{\{(\w+)\}\}/g, (whole, name: string) => (all as typeof texts)[name] ?? whole),
  )
}

function writePackageJson({ folder: target, packageManager, packageManagerVersion, isInWorkspace, nodePackage }: ProjectOptions): void {
  const file = join(target, 'package.json')
  const json = JSON.parse(readFileSync(file, 'utf8'))
  json.name = packageName(target)
  for (const name of Object.keys(json.dependencies))
    if (name === 'dagma' || name.startsWith('@dagma/')) json.dependencies[name] = `^${ownVersion}`
  if (nodePackage) json.optionalDependencies = Object.fromEntries(nodePackages.map((name) => [name, nodeVersion]))
  if (!isInWorkspace && (packageManager === 'pnpm' || packageManager === 'yarn') && packageManagerVersion !== '')
    json.packageManager = `${packageManager}@${packageManagerVersion}`
  writeFileSync(file, `${JSON.stringify(json, undefined, 2)}\n`)
}
