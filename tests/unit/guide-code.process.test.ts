/**
 * The TypeScript in the documentation is right: every ```ts block is type-checked, and a page that has a `src/definitions.ts` is a project
 * whose assets are materialized. A script that reports through Dagster Pipes is run, and reports. READMEs of the packages count too. Every exported
 * function has an `@example` in its doc comment, which is type-checked and run.
 *
 * A block whose first line is a comment with a path, such as `// src/definitions.ts`, is that file of the page's project; blocks of one page can
 * import each other. A block that imports nothing gets everything that `dagma` exports.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { deflateSync } from 'node:zlib'
import * as dagma from 'dagma'
import { beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
// Inside the repository, so that packages are found; ignored by git.
const output = join(root, 'test-output', 'guide-code')
const examples = join(output, 'doc-comments')

/** Put before a block that imports nothing. */
const prelude = `import { ${Object.keys(dagma).sort().join(', ')} } from 'dagma'\nexport {}\n`

/** The exports of a project that is compiled with declarations: the compiler has to find a name for the type of each. */
const declarations = `import { asset, assetCheck, AutomationCondition, dailyPartitions, definitions, dynamicPartitions, externalAsset, jsonFileIOManager, job,
  mapped, materialize, materializeResult, memoryIOManager, MetadataValue, multiAsset, multiPartitions, observableAsset, PartitionMapping, resource,
  retryPolicy, runRequest, schedule, secret, sensor, skipReason, staticPartitions, storageIOManager, typedIOManager } from 'dagma'
import { materializeToMemory } from 'dagma/testing'
export const [day, part, tenants] = [dailyPartitions({ start: '2026-01-01' }), staticPartitions(['a']), dynamicPartitions('tenants')]
export const both = multiPartitions({ day, part })
export const [files, memory, typed] = [jsonFileIOManager, memoryIOManager(), typedIOManager<Date>('memory')]
export const stored = storageIOManager({ getItemRaw: async () => null, setItemRaw: async () => {} })
export const database = resource({ open: (settings: { key?: unknown }) => ({ settings, close: () => {} }) })
export const [bound, key] = [database({ key: secret('KEY') }), secret('KEY')]
export const raw = asset({ key: 'raw', partitions: day, resources: { database }, run: async () => materializeResult([{ at: 1, text: 'a' }]) })
export const sum = asset({ key: 'sum', inputs: { raw: mapped(raw, PartitionMapping.all()) }, run: ({ inputs }) => inputs.raw })
interface Tree { at?: Date; children: Tree[] }
export const tree = asset({ key: 'tree', run: (): Tree => ({ children: [] }) })
export const when = asset({ key: 'when', ioManager: typed, run: () => new Date(0) })
export const shop = multiAsset({ name: 'shop', assets: { a: {}, b: { partitions: part } }, run: () => ({ a: [1], b: materializeResult('text') }) })
export const [outside, seen] = [externalAsset<number>({ key: 'outside' }), observableAsset({ key: 'seen', run: () => ({}) })]
export const check = assetCheck({ asset: raw, name: 'full', resources: { database }, run: () => ({ passed: true }) })
export const [policy, eager, link] = [retryPolicy({}), AutomationCondition.eager(), MetadataValue.url('https://example.com')]
export const daily = job({ name: 'daily', selection: [raw], resources: { database }, onFailure: () => {} })
export const nightly = schedule({ name: 'nightly', job: daily, cronSchedule: '0 2 * * *', evaluate: () => runRequest() })
export const watcher = sensor({ name: 'watcher', job: daily, run: () => skipReason('nothing') })
export const [request, skip] = [runRequest(), skipReason('nothing')]
export default definitions({ assets: [raw], jobs: [daily], resources: { database: bound } })
export const runs = () => [materialize(definitions({ assets: [sum] })), materializeToMemory([sum])]
`

/** A page with its blocks, by file name. */
interface Page {
  readonly name: string
  readonly folder: string
  readonly blocks: ReadonlyMap<string, string>
}

const pages = documents()
  .map(readPage)
  .filter(({ blocks }) => blocks.size > 0)
const pipesScripts = pages.flatMap(({ folder, blocks }) =>
  [...blocks].filter(([, code]) => code.includes('\nawait runPipes(')).map(([file]) => join(folder, file)),
)
const projects = pages.filter((page) => page.blocks.has('src/definitions.ts'))

/** The functions that an entry point exports, by its API report, with the examples in their doc comments. */
interface Documented {
  readonly door: string
  readonly name: string
  readonly example: string | undefined
}

const sourcesRead = new Map<string, readonly string[]>()
const documented = readdirSync(join(root, 'api')).flatMap(readDoor)

beforeAll(() => {
  rmSync(output, { recursive: true, force: true })
  for (const { door, name, example } of documented) if (example !== undefined) write(exampleFile(door, name), importsOf(door) + example)
  write(join(examples, 'package.json'), JSON.stringify({ name: 'examples', type: 'module', dagma: { definitions: 'definitions.ts' } }))
  write(join(examples, 'definitions.ts'), `export { default } from './dagma/definitions.ts'\n`)
  write(join(examples, 'all.ts'), `${documented.map(({ door, name }) => `await import('./${door}/${name}.ts')`).join('\n')}\nexport {}\n`)
  for (const { name, folder, blocks } of pages) {
    for (const [file, code] of blocks) write(join(folder, file), code)
    write(join(folder, 'package.json'), JSON.stringify({ name, type: 'module', dagma: { definitions: 'src/definitions.ts' } }))
  }
  write(join(output, 'declarations.ts'), declarations)
  write(
    join(output, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.base.json',
      // The declarations of the packages are read too, and those of the blocks could be written.
      compilerOptions: { noEmit: true, composite: false, declarationMap: false, allowImportingTsExtensions: true, skipLibCheck: false },
    }),
  )
})

test('the documentation has TypeScript in it', () => {
  expect(pages.length).toBeGreaterThan(8)
  expect(projects.length).toBeGreaterThan(3)
})

test('every exported function has an example', () => {
  expect(documented.length).toBeGreaterThan(60)
  expect(documented.filter(({ example }) => example === undefined).map(({ name }) => name)).toEqual([])
})

test('the examples of doc comments run', { timeout: 60_000 }, async () => {
  await run(process.execPath, [join(examples, 'all.ts')], { cwd: examples })
})

test('every ts block, every example and a library of declarations type-check', { timeout: 60_000 }, async () => {
  const checked = await run(join(root, 'node_modules/.bin/tsc'), ['-p', output], { cwd: output }).then(
    () => '',
    (failure: { stdout: string }) => failure.stdout,
  )
  expect(checked).toBe('')
})

test('the tsconfig.json of the getting-started page is right for its project', { timeout: 60_000 }, async () => {
  const text = readFileSync(join(root, 'docs/guide/getting-started.md'), 'utf8')
  const config = /^```json\n(\{\n {2}"compilerOptions".*?)^```$/ms.exec(text)?.[1] ?? ''
  const folder = join(output, 'docs-guide-getting-started')
  write(join(folder, 'tsconfig.json'), config)
  write(join(folder, 'src/uses-node.ts'), "import { readFileSync } from 'node:fs'\nconsole.log(readFileSync)\n")
  write(join(folder, 'src/strict.ts'), "// @ts-expect-error: it is strict\nexport const wrong: number = 'text'\n")
  const checked = await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { cwd: folder }).then(
    () => '',
    (failure: { stdout: string }) => failure.stdout,
  )
  expect(checked).toBe('')
})

test.each(projects)('the project of $name runs', { timeout: 30_000 }, async ({ folder, blocks }) => {
  const partition = [...blocks.values()].some((code) => code.includes('dailyPartitions(')) ? ['--partition', '2026-01-01'] : []
  const dagmaCli = join(root, 'packages/dagma/bin/dagma.js')
  const { stdout } = await run(process.execPath, [dagmaCli, 'asset', 'materialize', '--select', '*', '--json', ...partition], {
    cwd: folder,
  })
  expect(JSON.parse(stdout)).toMatchObject({ status: 'SUCCESS' })
})

test('scripts for Dagster Pipes report and end well', async () => {
  expect(pipesScripts.length).toBeGreaterThan(0)
  for (const script of pipesScripts) {
    const messages = `${script}.messages`
    const param = (value: unknown): string => deflateSync(JSON.stringify(value)).toString('base64')
    const context = { asset_keys: ['daily_report'], run_id: 'run', job_name: null, retry_number: 0, extras: {} }
    const env = { ...process.env, DAGSTER_PIPES_CONTEXT: param({ data: context }), DAGSTER_PIPES_MESSAGES: param({ path: messages }) }
    await run(process.execPath, [script], { env })
    const sent = readFileSync(messages, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(sent.map(({ method }) => method)).toContain('report_asset_materialization')
    expect(sent.at(-1)).toMatchObject({ method: 'closed', params: {} })
  }
})

function documents(): string[] {
  const guide = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((file) => `docs/${file}`)
  const packages = readdirSync(join(root, 'packages')).map((folder) => `packages/${folder}/README.md`)
  return ['README.md', 'examples/platform/README.md', ...packages, ...guide].filter(
    // Translations have the same blocks: see translations.test.ts.
    (file) => /(?<!\.zh-CN)\.md$/.test(file) && existsSync(join(root, file)),
  )
}

/** The exported functions of the entry point of one report in `api/`. */
function readDoor(report: string): Documented[] {
  const door = report.replace('.api.md', '')
  const folder = door.startsWith('dagma') ? 'dagma' : door
  const names = readFileSync(join(root, 'api', report), 'utf8').matchAll(/^export (?:function (\w+)|const (\w+): ResourceType)/gm)
  return [...names].map(([, called, kind]) => ({ door, name: called ?? kind ?? '', example: exampleOf(folder, called ?? kind ?? '') }))
}

/** The example in the doc comment of an exported function of a package. */
function exampleOf(folder: string, name: string): string | undefined {
  const declaration = new RegExp(`\\/\\*\\*((?:(?!\\*\\/)[^])*)\\*\\/\\nexport (?:async )?(?:function\\*?|const) ${name}\\b`)
  const comment = sources(folder)
    .map((text) => declaration.exec(text)?.[1])
    .find((found) => found !== undefined)
  const lines = /@example\n \* ```ts\n(.*?) \* ```/s.exec(comment ?? '')?.[1]
  return lines?.replaceAll(/^ \* ?/gm, '')
}

/** The sources of a package, each read once. */
function sources(folder: string): readonly string[] {
  const known = sourcesRead.get(folder)
  if (known !== undefined) return known
  const source = join(root, 'packages', folder, 'src')
  const texts = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(source, file), 'utf8'))
  sourcesRead.set(folder, texts)
  return texts
}

/** Imports of everything that the examples of an entry point may use: the functions of `dagma` and its own. */
function importsOf(door: string): string {
  const of = (name: string): string[] =>
    readFileSync(join(root, 'api', `${name}.api.md`), 'utf8')
      .split('\n')
      .flatMap((line) => /^export (?:function|const) (\w+)/.exec(line)?.[1] ?? [])
  const own = of(door)
  const specifier = door.startsWith('dagma') ? door.replace('-', '/') : `@dagma/${door}`
  const rest = of('dagma').filter((name) => !own.includes(name))
  return `import { ${own.join(', ')} } from '${specifier}'\n${door === 'dagma' ? '' : `import { ${rest.join(', ')} } from 'dagma'\n`}export {}\n`
}

function exampleFile(door: string, name: string): string {
  return join(examples, door, `${name}.ts`)
}

function readPage(document: string): Page {
  const name = document.replace(/\.md$/, '').replaceAll('/', '-')
  const found = readFileSync(join(root, document), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)
  const blocks = new Map<string, string>()
  for (const [index, [, code = '']] of [...found].entries()) {
    const path = /^\/\/ (\S+\.ts)$/m.exec(code.split('\n', 1)[0] ?? '')?.[1]
    // Another version of the same file is type-checked as its own block.
    blocks.set(path === undefined || blocks.has(path) ? `block-${index + 1}.ts` : path, /^import /m.test(code) ? code : prelude + code)
  }
  return { name, folder: join(output, name), blocks }
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
