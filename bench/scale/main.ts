/**
 * Commands on projects of 1,000 to 100,000 assets, and on an event log of many runs. `npm run bench -- scale [--assets 100000] [--runs 100000]`.
 *
 * The floor of the first part is a process that makes as many small objects with closures and writes as many rows and files as a run does, with
 * nothing else. That of the second is the same command on a log of 100 runs: reading may take 1.5 times of that.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const packages = fileURLToPath(new URL('../../packages', import.meta.url))
const program = join(packages, 'dagma', 'bin', 'dagma.js')

const definitions = `import { asset, definitions } from 'dagma'
const assets = []
for (let i = 0; i < Number(process.env.ASSETS); i++)
  assets.push(asset({ key: \`a\${i}\`, group: \`g\${i % 100}\`, deps: i >= 100 ? [assets[i - 100]] : [], run: () => i }))
export default definitions({ assets })
`

const floor = `import { DatabaseSync } from 'node:sqlite'
import { mkdirSync, writeFileSync, renameSync } from 'node:fs'
const count = Number(process.env.ASSETS)
const all = Array.from({ length: count }, (_, i) => ({ key: ['a' + i], deps: i >= 100 ? ['a' + (i - 100)] : [], run: () => i }))
if (process.argv[1] === 'run') {
  mkdirSync('floor')
  const db = new DatabaseSync('floor/log.sqlite')
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE e (id INTEGER PRIMARY KEY, a TEXT, body TEXT); BEGIN')
  const insert = db.prepare('INSERT INTO e (a, body) VALUES (?, ?)')
  for (const { key, run } of all) {
    for (const type of ['STEP_START', 'ASSET_MATERIALIZATION', 'STEP_SUCCESS']) insert.run(key[0], JSON.stringify({ type, step: key[0], metadata: { a: 1, b: 2 } }))
    writeFileSync('floor/' + key[0] + '.tmp', JSON.stringify(run()))
    renameSync('floor/' + key[0] + '.tmp', 'floor/' + key[0] + '.json')
  }
  db.exec('COMMIT')
}
`

/** Measures, and prints. */
export async function main(options: string[]): Promise<number> {
  const { values } = parseArgs({
    args: options,
    options: { assets: { type: 'string', default: '100000' }, runs: { type: 'string', default: '100000' } },
  })
  const folder = mkdtempSync(join(tmpdir(), 'dagma-scale-'))
  try {
    for (const assets of [1_000, 10_000, 100_000].filter((count) => count <= Number(values.assets)))
      manyAssets(join(folder, `assets-${assets}`), assets)
    manyRuns(folder, Number(values.runs))
  } finally {
    rmSync(folder, { recursive: true })
  }
  return 0
}

interface Took {
  readonly seconds: number
  readonly megabytes: number
}

/** Time and largest memory of a Node process. */
function timed(folder: string, args: readonly string[], environment: { readonly [name: string]: string } = {}): Took {
  const report = join(folder, 'memory.txt')
  const atExit = `import { writeFileSync } from 'node:fs'; process.on('exit', () => writeFileSync(${JSON.stringify(report)}, String(process.resourceUsage().maxRSS)))`
  const env = { ...process.env, ...environment, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(atExit)}` }
  const begun = performance.now()
  const { status } = spawnSync(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] })
  const seconds = (performance.now() - begun) / 1000
  if (status !== 0) throw new Error(`${args.slice(0, 4).join(' ')} ended with ${status}`)
  return { seconds, megabytes: Number(readFileSync(report, 'utf8')) / 1024 }
}

function manyAssets(folder: string, count: number): void {
  projectAt(folder)
  const environment = { ASSETS: String(count) }
  const bare = (what: string): Took => timed(folder, ['--input-type=module', '-e', floor, what], environment)
  const dagma = (...args: string[]): Took => timed(folder, [program, ...args], environment)
  console.log(`${count.toLocaleString('en')} assets`)
  const objects = bare('objects')
  print('floor: as many objects', objects)
  print('definitions validate', dagma('definitions', 'validate'), objects)
  print('asset list', dagma('asset', 'list'), objects)
  print('asset list -s group:g1', dagma('asset', 'list', '-s', 'group:g1'), objects)
  const run = bare('run')
  print('floor: as many rows and files', run)
  print('asset materialize', dagma('asset', 'materialize', '-s', '*'), run)
  using log = new DatabaseSync(join(folder, '.dagma', 'events.sqlite'))
  print('run show', dagma('run', 'show', String(log.prepare('SELECT run_id FROM runs').get()?.run_id)), run)
}

function manyRuns(root: string, count: number): void {
  const few = 100
  const [small, large] = [few, count].map((runs) => {
    const folder = join(root, `runs-${runs}`)
    projectAt(folder)
    timed(folder, [program, 'asset', 'materialize', '-s', '*'], { ASSETS: '3' })
    return { folder, runId: fill(join(folder, '.dagma', 'events.sqlite'), runs) }
  })
  if (small === undefined || large === undefined) return
  console.log(`${count.toLocaleString('en')} runs, beside ${few}`)
  const commands = (runId: string): string[][] => [
    ['run', 'list'],
    ['run', 'show', runId],
    ['run', 'logs', runId],
    ['asset', 'show', 'a1'],
    ['asset', 'list'],
  ]
  for (const [index, command] of commands(large.runId).entries()) {
    const dagma = ({ folder, runId }: typeof small): Took => timed(folder, [program, ...(commands(runId)[index] ?? [])], { ASSETS: '3' })
    const took = [1, 2, 3].map(() => ({ few: dagma(small), many: dagma(large) }))
    const best = (which: 'few' | 'many'): Took => took.map((one) => one[which]).reduce((a, b) => (a.seconds < b.seconds ? a : b))
    print(command.slice(0, 2).join(' '), best('many'), best('few'))
  }
}

/** Copies the existing run until there are that many. Returns the id of the last. */
function fill(file: string, runs: number): string {
  using db = new DatabaseSync(file)
  db.exec(`
    BEGIN;
    CREATE TEMP TABLE copies AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${runs - 1}) SELECT i, printf('%08x-copy', i) AS id FROM n;
    CREATE TEMP TABLE original AS SELECT * FROM runs LIMIT 1;
    CREATE TEMP TABLE its_events AS SELECT * FROM events;
    INSERT INTO runs (run_id, status, owner, start_time, end_time, body, ordinal, parent_run_id)
      SELECT copies.id, status, owner, start_time + i, end_time + i, body, ordinal + i, NULL FROM copies, original;
    INSERT INTO events (run_id, time, type, asset, body, partition)
      SELECT copies.id, time + i, type, asset, body, partition FROM copies, its_events ORDER BY i, its_events.id;
    COMMIT`)
  return String(db.prepare('SELECT run_id FROM runs ORDER BY ordinal DESC LIMIT 1').get()?.run_id)
}

function projectAt(folder: string): void {
  mkdirSync(join(folder, 'src'), { recursive: true })
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(join(packages, 'dagma'), join(folder, 'node_modules', 'dagma'))
  writeFileSync(join(folder, 'package.json'), '{"name":"scale","type":"module","dagma":{}}')
  writeFileSync(join(folder, 'src', 'definitions.ts'), definitions)
}

function print(what: string, took: Took, base?: Took): void {
  const ratio = base === undefined ? '' : `${(took.seconds / base.seconds).toFixed(2)} ×`
  console.log(`  ${what.padEnd(32)} ${took.seconds.toFixed(2).padStart(7)} s ${took.megabytes.toFixed(0).padStart(5)} MiB  ${ratio}`)
}
