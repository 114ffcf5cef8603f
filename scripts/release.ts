/**
 * Makes a release: the version that the changesets ask for, the changelog, and in `release/` the tarballs, the wheel and the SBOM.
 *   npm run release                    writes the version and the changelog; commit them, and tag the commit `v<version>`
 *   npm run release -- --dry-run       the same, and puts the files back
 *   npm run release -- --notes         prints the entries of the changelog of the version as it stands
 *   npm run release -- --artifacts     only `release/`, of the version as it stands: what the workflow publishes from a tag
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  type Stats,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packAll } from './pack.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const output = join(root, 'release')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const write = (file: string, text: string): void => writeFileSync(join(root, file), text)
const versionOf = (): string => JSON.parse(read('packages/dagma/package.json')).version
const run = (program: string, ...args: string[]): string => execFileSync(program, args, { cwd: root, encoding: 'utf8' })

/** A pending entry of the changelog, as `.changeset/*.md` has it. */
export interface Changeset {
  readonly isFix: boolean
  readonly text: string
}

export function parseChangeset(markdown: string): Changeset {
  const [, front = '', text = ''] = /^---\n(.*?)^---\n(.*)$/ms.exec(markdown) ?? []
  return { isFix: !/: (?:minor|major)$/m.test(front), text: text.trim().replaceAll(/\s*\n\s*/g, ' ') }
}

/** The changelog with its *Unreleased* section, and the changesets, under a version. @throws Error when there is nothing to release */
export function releasedChangelog(changelog: string, changesets: readonly Changeset[], version: string, day: string): string {
  const [head = '', after = ''] = changelog.split('## [Unreleased]\n')
  const [unreleased = '', ...older] = after.split(/^(?=## \[)/m)
  const entries = (title: string, isFix: boolean): string => {
    const lines = changesets.filter((one) => one.isFix === isFix).map(({ text }) => `- ${text}`)
    return lines.length === 0 ? '' : `### ${title}\n\n${lines.join('\n')}`
  }
  const sections = [unreleased.replace(/^\s*To become [\d.]+\.\n/, '').trim(), entries('Changed', false), entries('Fixed', true)]
  const body = sections.filter((text) => text !== '').join('\n\n')
  if (body === '') throw new Error('There is nothing to release: add a changeset with `npx changeset`.')
  if (changelog.includes(`## [${version}]`))
    throw new Error(`Version ${version} is released already: add a changeset with \`npx changeset\`.`)
  return `${head}## [Unreleased]\n\n## [${version}] - ${day}\n\n${body}\n${older.length === 0 ? '' : `\n${older.join('')}`}`
}

/** The changelog's section of a version. @throws Error when there is none */
export function notesOf(changelog: string, version: string): string {
  const section = changelog.split(/^## (?=\[)/m).find((part) => part.startsWith(`[${version}]`))
  if (section === undefined) throw new Error(`CHANGELOG.md has no section of version ${version}. Make it with \`npm run release\`.`)
  return section.slice(section.indexOf('\n')).trim()
}

function changesetFiles(): string[] {
  return readdirSync(join(root, '.changeset'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `.changeset/${file}`)
}

/** The files that a release changes. */
function changedFiles(): string[] {
  const manifests = globSync(['{packages,examples}/*/package.json', 'packages/create-dagma/templates/*/package.json'], { cwd: root })
  return ['CHANGELOG.md', 'package-lock.json', 'python/pyproject.toml', 'python/src/dagma/__init__.py', ...manifests, ...changesetFiles()]
}

/** Gives all packages of both languages the next version. */
function makeVersion(): void {
  const changesets = changesetFiles().map((file) => parseChangeset(read(file)))
  const before = versionOf()
  if (changesets.length > 0) run(join(root, 'node_modules/.bin/changeset'), 'version')
  const version = versionOf()
  write('CHANGELOG.md', releasedChangelog(read('CHANGELOG.md'), changesets, version, new Date().toISOString().slice(0, 10)))
  for (const file of ['python/pyproject.toml', 'python/src/dagma/__init__.py'])
    write(file, read(file).replace(/^((?:__)?version(?:__)? = )".*"$/m, `$1"${version}"`))
  for (const file of globSync('packages/create-dagma/templates/*/package.json', { cwd: root }))
    write(file, read(file).replaceAll(`"^${before}"`, `"^${version}"`))
  run('npm', 'install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund')
}

/** Writes the tarballs, the wheel and the SBOM of all packages into `release/`. */
async function makeArtifacts(): Promise<void> {
  rmSync(output, { recursive: true, force: true })
  mkdirSync(output)
  run(process.execPath, join(root, 'scripts/setup.mjs'), '--python')
  await packAll(output)
  const version = versionOf()
  const wheel = `dagster_dagma-${version}-py3-none-any.whl`
  if (!existsSync(join(root, 'packages/dagma/python', wheel))) throw new Error(`The wheel has another version than ${version}.`)
  copyFileSync(join(root, 'packages/dagma/python', wheel), join(output, wheel))
  const packages = readdirSync(join(root, 'packages')).flatMap((name) => ['--workspace', `packages/${name}`])
  writeFileSync(join(output, 'sbom.json'), run('npm', 'sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev', ...packages))
  for (const file of readdirSync(output)) console.log(`release/${file}`)
}

/** With its time, by which set-up sees whether packages have to be installed. */
function putBack({ file, text, times }: { readonly file: string; readonly text: string; readonly times: Stats }): void {
  write(file, text)
  utimesSync(join(root, file), times.atime, times.mtime)
}

async function main(options: readonly string[]): Promise<void> {
  if (options.includes('--artifacts')) return makeArtifacts()
  if (options.includes('--notes')) return console.log(notesOf(read('CHANGELOG.md'), versionOf()))
  const kept = changedFiles().map((file) => ({ file, text: read(file), times: statSync(join(root, file)) }))
  try {
    makeVersion()
    await makeArtifacts()
    console.log(`Version ${versionOf()} is ready: commit it and tag the commit v${versionOf()}. The workflow publishes what is tagged.`)
  } finally {
    if (options.includes('--dry-run')) kept.forEach(putBack)
  }
}

if (import.meta.main) await main(process.argv.slice(2))
