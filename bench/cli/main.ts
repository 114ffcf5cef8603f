/**
 * Whole processes of the command line in the example project, from installed tarballs, beside `node -e 0`: `npm run bench -- cli`.
 * With DAGMA_BENCH_DAGSTER naming the folder of a `dagster` executable, also `dagster job execute` of three trivial assets in Python.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packAll } from '../../scripts/pack.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'dagma-bench-'))
const repeats = 9

/** Measures, and prints. */
export async function main(): Promise<number> {
  try {
    const project = await installed()
    const dagma =
      (...args: string[]) =>
      (): void =>
        run(process.execPath, ['node_modules/dagma/bin/dagma.js', ...args], project)
    const loaded = (module: string) => (): void =>
      run(
        process.execPath,
        ['--eval', `import('node:module').then((node) => node.enableCompileCache()).then(() => import('${module}'))`],
        project,
      )
    const [nothing = 0, zod = 0, example = 0, version = 0, listed = 0, launched = 0] = sideBySide([
      () => run(process.execPath, ['-e', '0'], project),
      loaded('zod'),
      loaded('./src/definitions.ts'),
      dagma('--version'),
      dagma('asset', 'list'),
      dagma('job', 'launch', '-j', 'run_llm_rag_job'),
    ])
    const print = (what: string, time: number, limit = ''): void =>
      console.log(`${what.padEnd(35)} ${seconds(time)}   (${(time / nothing).toFixed(1)} times node -e 0${limit})`)
    print('node -e 0', nothing)
    print('node, importing zod', zod)
    print('node, importing the definitions', example)
    print('dagma --version', version, '; at most 2')
    print('dagma asset list', listed, '; at most 4')
    print('dagma job launch -j run_llm_rag_job', launched)
    const dagster = process.env.DAGMA_BENCH_DAGSTER
    if (dagster === undefined) console.log('dagster job execute                 not measured: DAGMA_BENCH_DAGSTER is not set')
    else {
      const python = median([1, 2, 3].map(() => timed(() => executeInDagster(dagster))))
      console.log(`dagster job execute, 3 assets       ${seconds(python)}   (${Math.round(python / launched)} times dagma)`)
    }
    return 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The example project outside of the repository, on tarballs of the packages. Its documentation goes along: that is what it embeds. */
async function installed(): Promise<string> {
  const tarballs = await packAll(join(folder, 'tarballs'))
  const project = join(folder, 'examples', 'platform')
  cpSync(join(root, 'examples/platform/src'), join(project, 'src'), { recursive: true })
  for (const part of ['docs', 'README.md']) cpSync(join(root, part), join(folder, part), { recursive: true })
  mkdirSync(join(folder, 'packages'))
  const { dependencies: _, ...rest } = JSON.parse(readFileSync(join(root, 'examples/platform/package.json'), 'utf8'))
  writeFileSync(join(project, 'package.json'), JSON.stringify(rest))
  run('npm', ['install', '--silent', '--no-audit', '--no-fund', ...tarballs, 'zod@4'], project)
  return project
}

/** Three trivial assets as a Python user writes them, by Dagster's command line with its defaults. */
function executeInDagster(bin: string): void {
  const home = join(folder, 'dagster-home')
  mkdirSync(home, { recursive: true })
  const file = join(folder, 'python_assets.py')
  writeFileSync(
    file,
    `import dagster as dg
@dg.asset
def a(): return 1
@dg.asset
def b(a): return a
@dg.asset
def c(b): return b
defs = dg.Definitions([a, b, c], jobs=[dg.define_asset_job("run_llm_rag_job")])
`,
  )
  const env = { ...process.env, DAGSTER_HOME: home, DAGSTER_DISABLE_TELEMETRY: '1' }
  execFileSync(join(bin, 'dagster'), ['job', 'execute', '-f', file, '-j', 'run_llm_rag_job'], { cwd: folder, env, stdio: 'ignore' })
}

/** Medians of each, taken in turns so that what else the machine does hits all. */
function sideBySide(works: readonly (() => void)[]): number[] {
  for (const work of works) work() // what is made once, such as the compile cache and the collection, is made here
  const turns = Array.from({ length: repeats }, () => works.map(timed))
  return works.map((_, index) => median(turns.map((times) => times[index] ?? 0)))
}

function timed(work: () => void): number {
  const began = performance.now()
  work()
  return performance.now() - began
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`)
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} s`
}
