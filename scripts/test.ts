/**
 * Everything that must hold, one part after another: lint and types, then the tests of both languages. The last line sums their reports up.
 * A part that fails without a failed test, such as the lint, counts as one failure.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The results of the tests' reports. */
export interface Counts {
  passed: number
  failed: number
  skipped: number
}

/** A test and how long it ran, in seconds. */
export interface Timed {
  readonly test: string
  readonly seconds: number
}

/** The results of a part's report. */
interface Report {
  readonly counts: Counts
  readonly times: readonly Timed[]
}

type Dagster = 'newest' | 'oldest'

interface Part {
  readonly name: string
  readonly command: readonly string[]
  readonly folder?: string
  /** Reads the part's report, when it writes one. */
  readonly report?: () => Report
}

const root = fileURLToPath(new URL('..', import.meta.url))
const output = join(root, 'test-output')
const report = (name: string): string => join(output, name)
/** A program of the Python environment with the newest Dagster, or with the oldest that is supported. */
const python = (program: string, dagster: Dagster = 'newest'): string =>
  join(root, dagster === 'newest' ? '.venv' : '.venv-oldest', 'bin', program)

/** Tests that take long and say little of Dagster's own interface: once is enough. */
const onNewestOnly = ['test_full_disk.py', 'test_kubernetes.py', 'test_processes.py', 'test_runs.py']

/**
 * One stage after another. The lanes of a stage run side by side, each of them one part after another; what the first lane prints is shown live.
 * The tests of the two languages share the machine: they wait for servers and processes.
 */
const stages: readonly (readonly (readonly Part[])[])[] = [
  [[{ name: 'TypeScript: lint and types', command: ['npm', 'run', '--silent', 'check'] }]],
  [
    [{ name: 'The public surface', command: [process.execPath, join(root, 'scripts/check-api.ts')] }],
    [
      { name: 'Python: lint', command: [python('ruff'), 'check', '--quiet'], folder: 'python' },
      { name: 'Python: format', command: [python('ruff'), 'format', '--check', '--quiet'], folder: 'python' },
      { name: 'Python: types', command: [python('mypy')], folder: 'python' },
    ],
  ],
  [
    [vitest('unit', 'TypeScript: tests'), vitest('process', 'TypeScript: tests that start processes'), vitest('real', 'End to end: tests')],
    [pytest('newest'), pytest('oldest')],
  ],
]

function pytest(dagster: Dagster): Part {
  const file = report(`pytest-${dagster}.xml`)
  const leftOut = dagster === 'oldest' ? onNewestOnly.map((name) => `--ignore=tests/${name}`) : []
  return {
    name: `Python: tests on the ${dagster} Dagster`,
    command: [python('pytest', dagster), '-q', `--junitxml=${file}`, ...leftOut],
    folder: 'python',
    report: () => {
      const xml = readFileSync(file, 'utf8')
      return { counts: countsOfPytest(xml), times: timesOfPytest(xml) }
    },
  }
}

function vitest(project: 'unit' | 'process' | 'real', name: string): Part {
  const file = report(`${project}.json`)
  const program = join(root, 'node_modules', '.bin', 'vitest')
  return {
    name,
    command: [program, 'run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
    report: () => {
      const json: VitestReport = JSON.parse(readFileSync(file, 'utf8'))
      return { counts: countsOfVitest(json), times: timesOfVitest(json) }
    },
  }
}

interface Result extends Counts {
  readonly name: string
  readonly seconds: number
  readonly times: readonly Timed[]
}

async function main(): Promise<number> {
  mkdirSync(output, { recursive: true })
  for (const name of ['unit.json', 'process.json', 'real.json', 'pytest-newest.xml', 'pytest-oldest.xml'])
    rmSync(report(name), { force: true })
  const results: Result[] = []
  const runLane = async (lane: readonly Part[], index: number): Promise<void> => {
    for (const part of lane) results.push(await runPart(part, index === 0))
  }
  for (const stage of stages) await Promise.all(stage.map(runLane))
  console.log('\nThe slowest tests, set-up included where pytest measures it:')
  for (const { test, seconds } of slowest(results.flatMap(({ times }) => times)))
    console.log(`${seconds.toFixed(1).padStart(7)} s  ${test}`)
  console.log('')
  for (const result of results) console.log(`${mark(result)} ${result.name} (${result.seconds.toFixed(0)} s)`)
  const sum = (field: keyof Counts): number => results.reduce((total, result) => total + result[field], 0)
  console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`)
  return sum('failed') > 0 ? 1 : 0
}

/** Without Python set-up makes no environment for its tests, and says so; in CI that is a failure. */
function isLeftOut({ folder }: Part): boolean {
  return folder === 'python' && process.env.CI !== 'true' && !existsSync(python('python'))
}

function mark(result: Counts): string {
  if (result.failed > 0) return '✗'
  return result.passed === 0 && result.skipped > 0 ? '-' : '✓'
}

/** Runs a part. Its output is shown live, or when it has ended. */
async function runPart(part: Part, live: boolean): Promise<Result> {
  const { name, command, folder = '.', report } = part
  if (isLeftOut(part)) return { name, passed: 0, failed: 0, skipped: 1, seconds: 0, times: [] }
  const [program = '', ...args] = command
  const heading = `\n── ${name}`
  if (live) console.log(heading)
  const began = performance.now()
  const child = spawn(program, args, {
    cwd: join(root, folder),
    stdio: live ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
  })
  const printed: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => printed.push(bytes))
  const exitCode = await once(child, 'close').then(
    ([code]) => code,
    (error) => console.error(error.message),
  )
  if (!live) process.stdout.write(`${heading}\n${Buffer.concat(printed)}`)
  const { counts, times } = afterExit(exitCode === 0, report)
  return { name, ...counts, times, seconds: (performance.now() - began) / 1000 }
}

/** The results of the report, and an additional failure if the part failed for a reason that is not in its report. */
function afterExit(good: boolean, report: Part['report']): Report {
  const none: Report = { counts: { passed: 0, failed: 0, skipped: 0 }, times: [] }
  let found = none
  try {
    found = report?.() ?? none
  } catch (error) {
    console.error(`There is no report: ${error}`)
    good = false
  }
  return good || found.counts.failed > 0 ? found : { ...found, counts: { ...found.counts, failed: 1 } }
}

/** The part of Vitest's JSON report that is read here. */
interface VitestReport {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string; readonly duration?: number | null }[]
  }[]
}

/** The results of Vitest's JSON report; a file that could not be loaded is a failure. */
export function countsOfVitest(report: {
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly { readonly status: string }[] }[]
}): Counts {
  const statuses = report.testResults.flatMap((file) => file.assertionResults.map(({ status }) => status))
  const unloaded = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  )
  const count = (...wanted: string[]): number => statuses.filter((status) => wanted.includes(status)).length
  const passed = count('passed')
  const failed = count('failed')
  return { passed, failed: failed + unloaded.length, skipped: statuses.length - passed - failed }
}

/** The results of pytest's JUnit report. */
export function countsOfPytest(xml: string): Counts {
  const suite = /<testsuite\b[^>]*>/.exec(xml)?.[0] ?? ''
  const number = (name: string): number => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? Number.NaN)
  const failed = number('failures') + number('errors')
  const passed = number('tests') - failed - number('skipped')
  if (Number.isNaN(passed)) throw new Error('pytest wrote no report')
  return { passed, failed, skipped: number('skipped') }
}

/** How long each test ran, by Vitest's JSON report. */
export function timesOfVitest({ testResults }: VitestReport): Timed[] {
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, duration }) => ({ test: `${relative(root, name)}: ${fullName}`, seconds: (duration ?? 0) / 1000 })),
  )
}

/** How long each test ran, its set-up included, by pytest's JUnit report. */
export function timesOfPytest(xml: string): Timed[] {
  return [...xml.matchAll(/<testcase classname="([^"]*)" name="([^"]*)" time="([^"]*)"/g)].map(([, file, name, seconds]) => ({
    test: `${file}: ${name}`,
    seconds: Number(seconds),
  }))
}

function slowest(times: readonly Timed[]): Timed[] {
  return times.toSorted((a, b) => b.seconds - a.seconds).slice(0, 15)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = await main()
