/**
 * Packs the packages as they are published: the JavaScript of each bundled, so that it starts fast, with its types, and without source maps.
 *   node scripts/pack.ts [folder]    into the folder, by default `tarballs`
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Modules that are loaded by their addresses, beside those that `exports` names: see `src/own-files.ts` of dagma. */
const loadedByAddress: { readonly [name: string]: readonly string[] } = {
  dagma: ['cli/main', 'cli/package-imports', 'cli/terminal/busy-thread', 'runtime/gate/in-worker-thread', 'runtime/gate/sync-child-thread'],
  'create-dagma': ['main'],
}

/** Writes a tarball of each package into a folder. @returns their paths */
export async function packAll(target: string): Promise<string[]> {
  const staging = mkdtempSync(join(tmpdir(), 'dagma-pack-'))
  mkdirSync(target, { recursive: true })
  try {
    for (const name of readdirSync(join(root, 'packages'))) {
      const staged = join(staging, name)
      await stage(join(root, 'packages', name), staged)
      execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', resolve(target)], {
        cwd: staged,
        stdio: ['ignore', 'ignore', 'inherit'],
      })
    }
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
  return readdirSync(target)
    .filter((file) => file.endsWith('.tgz'))
    .map((file) => join(resolve(target), file))
}

/** The part of a package.json that is read here. */
interface PackageJson {
  readonly name: string
  readonly files: readonly string[]
  readonly exports: { readonly [entry: string]: string | { readonly default: string } }
}

/** Modules that most processes load, in few files: loading a file costs more than its contents. The rest is split by importer. */
const ownThreads = /(?:sync-child-thread|in-worker-thread|busy-thread)\.js$/
const groups = [
  {
    name: 'gate',
    test: (id: string): boolean => /\/dagma\/dist\/(?:metadata|runtime\/gate|errors|own-files)\b/.test(id) && !ownThreads.test(id),
  },
  { name: 'core', test: /\/dagma\/dist\/(?:definitions|runtime\/(?:project|values|step\/process-end)|engine\/materialize\.js)/ },
  { name: 'engine', test: (id: string): boolean => /\/dagma\/dist\/(?:engine|runtime)\//.test(id) && !ownThreads.test(id) },
  { name: 'terminal', test: /\/dagma\/dist\/cli\/terminal\/(?:end-process|error-lines|flag-hints|options|output|to-its-end)\.js$/ },
]

/** A copy of a built package as it is published. */
async function stage(folder: string, target: string): Promise<void> {
  const json: PackageJson = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  for (const file of ['LICENSE', 'README.md', 'package.json', ...json.files.filter((file) => !/^!|^dist$/.test(file))])
    if (existsSync(join(folder, file))) cpSync(join(folder, file), join(target, file), { recursive: true })
  nameRepository(target, `packages/${basename(folder)}`)
  const entries = Object.values(json.exports).flatMap((entry) =>
    typeof entry === 'string' ? [] : [entry.default.slice('./dist/'.length, -'.js'.length)],
  )
  await bundle(join(folder, 'dist'), [...entries, ...(loadedByAddress[json.name] ?? [])], join(target, 'dist'))
  copyTypes(
    join(folder, 'dist'),
    entries.map((entry) => `${entry}.d.ts`),
    join(target, 'dist'),
  )
}

/** Provenance needs the repository that a package is published from: its workflow knows it. */
function nameRepository(target: string, directory: string): void {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env
  if (!server || !repository) return
  const file = join(target, 'package.json')
  const json: object = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(
    file,
    `${JSON.stringify({ ...json, repository: { type: 'git', url: `git+${server}/${repository}.git`, directory } }, null, 2)}\n`,
  )
}

/** Modules that several entries share become their own files, so that each exists once in a process. */
async function bundle(from: string, entries: readonly string[], target: string): Promise<void> {
  const build = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [entry, join(from, `${entry}.js`)])),
    external: (name) => !/^[./]/.test(name),
    platform: 'node',
    logLevel: 'warn',
  })
  await build.write({
    dir: target,
    format: 'esm',
    chunkFileNames: 'chunks/[name]-[hash].js',
    codeSplitting: { groups },
    comments: { jsdoc: false },
  })
  await build.close()
}

/** The declarations that users can reach, without the comments that lead to maps. */
function copyTypes(from: string, files: readonly string[], target: string): void {
  const copied = new Set<string>()
  const copy = (file: string): void => {
    if (copied.has(file)) return
    copied.add(file)
    const text = readFileSync(join(from, file), 'utf8')
    mkdirSync(dirname(join(target, file)), { recursive: true })
    writeFileSync(join(target, file), text.replace(/^\/\/# sourceMappingURL=.*\n?/m, ''))
    for (const [, name, named] of text.matchAll(/^(?:(?:import|export|\}).* from |import )'(\..+)'|\bimport\("(\..+?)"\)/gm))
      copy(join(dirname(file), (name ?? named ?? '').replace(/\.[jt]s$/, '.d.ts')))
  }
  files.forEach(copy)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const file of await packAll(process.argv[2] ?? 'tarballs')) console.log(file)
