/** The project's own Python environment with Dagster in it, made without the user's help. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { dagmaError } from '../../errors.ts'
import { ownFolder } from '../../own-files.ts'
import { gateText } from '../../runtime/gate/exit-gate.ts'

const run = promisify(execFile)

/** The environment in which Dagster runs a project. */
export interface PythonEnvironment {
  /** Folder of `dagster` and `python`. */
  readonly bin: string
  /** Value for DAGSTER_HOME: Dagster's own database and settings. */
  readonly dagsterHome: string
}

/** Wheel of `dagster-dagma` and the locked requirements that travel in this npm package. */
const shipped = fileURLToPath(new URL('python/', ownFolder))

const ours = '# Written by Dagma.'

/** Settings of Dagster: runs start at once from a preloaded process, or through Dagster's queue. */
function dagsterYaml(queue: boolean): string {
  return `${ours} Remove this line to keep changes of your own.
run_launcher:
  module: dagma.launcher
  class: DagmaRunLauncher
run_coordinator:
  module: dagster.core.run_coordinator
  class: ${queue ? 'QueuedRunCoordinator' : 'DefaultRunCoordinator'}
# A run whose process was killed is noticed at once by the process that started it; where that is gone too, by this.
run_monitoring:
  enabled: true
  poll_interval_seconds: 10
# No newsletter dialog on the first page.
nux:
  enabled: false
telemetry:
  enabled: false
`
}

/**
 * Makes the environment below `.dagma/` of the project, or finds it made: uv when it is on PATH, otherwise venv and pip. `tell` gets a line
 * for each thing that takes long. `queue` says how runs start; without it Dagster's settings stay as they are.
 * @throws DAGMA_PYTHON_MISSING, DAGMA_SETUP_FAILED; a partial environment is rebuilt next time
 */
export async function ensurePythonEnvironment(
  projectFolder: string,
  tell: (line: string) => void,
  queue?: boolean,
): Promise<PythonEnvironment> {
  const { folder, bin, stamp, dagsterHome } = placesIn(projectFolder)
  const { wheel, requirements, digest } = shippedPackage()
  mkdirSync(dagsterHome, { recursive: true, mode: 0o700 })
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) {
    tell('Setting Dagster up (once; about a minute) …')
    rmSync(folder, { recursive: true, force: true })
    if (await works('uv', '--version')) await makeWithUv(folder, requirements, wheel)
    else await makeWithPip(folder, requirements, wheel)
    writeFileSync(stamp, digest)
  }
  writeSettings(join(dagsterHome, 'dagster.yaml'), queue)
  return { bin, dagsterHome }
}

/** The environment that {@link ensurePythonEnvironment} made, unless it is missing, incomplete or of another version. */
export function findPythonEnvironment(projectFolder: string): PythonEnvironment | undefined {
  const { bin, stamp, dagsterHome } = placesIn(projectFolder)
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== shippedPackage().digest) return undefined
  return { bin, dagsterHome }
}

/** The Python with Dagster: DAGMA_PYTHON, otherwise the one that `dagma dev` made, otherwise the one on PATH where DAGSTER_HOME is set; undefined if none is. */
export function findPython(projectFolder: string): string | undefined {
  if (process.env.DAGMA_PYTHON) return process.env.DAGMA_PYTHON
  const made = findPythonEnvironment(projectFolder)
  if (made !== undefined) return join(made.bin, 'python')
  return process.env.DAGSTER_HOME ? 'python3' : undefined
}

function placesIn(projectFolder: string): PythonEnvironment & { readonly folder: string; readonly stamp: string } {
  const folder = join(projectFolder, '.dagma', 'python')
  const dagsterHome = join(projectFolder, '.dagma', 'dagster-home')
  return { folder, bin: join(folder, 'bin'), stamp: join(folder, 'dagma.stamp'), dagsterHome }
}

/** Started in a project's folder, Python imports no file of it, such as queue.py, in place of a module of that name. */
export const safePath = { PYTHONSAFEPATH: '1' } as const

/** The environment variables with which `dagster` runs this project. */
export function dagsterVariables(environment: PythonEnvironment): { DAGSTER_HOME: string; PATH: string } {
  const path = [environment.bin, dirname(process.execPath), process.env.PATH ?? '']
  return { DAGSTER_HOME: environment.dagsterHome, PATH: path.join(delimiter) }
}

function writeSettings(file: string, queue: boolean | undefined): void {
  const found = existsSync(file) ? readFileSync(file, 'utf8') : undefined
  if (found !== undefined && !found.startsWith(ours)) return
  if (found === undefined || queue !== undefined) writeFileSync(file, dagsterYaml(queue ?? false))
}

function shippedPackage(): { wheel: string; requirements: string; digest: string } {
  const wheelName = existsSync(shipped) ? readdirSync(shipped).find((file) => file.endsWith('.whl')) : undefined
  if (wheelName === undefined) throw dagmaError('DAGMA_INTERNAL', { reason: `the wheel of dagster-dagma is not in ${shipped}` })
  const wheel = join(shipped, wheelName)
  const requirements = join(shipped, 'requirements.txt')
  const digest = createHash('sha256').update(readFileSync(wheel)).update(readFileSync(requirements)).digest('hex')
  return { wheel, requirements, digest }
}

async function makeWithUv(folder: string, requirements: string, wheel: string): Promise<void> {
  const python = join(folder, 'bin', 'python')
  await step('uv', ['venv', '--python', '>=3.10', folder])
  await step('uv', ['pip', 'install', '--python', python, '--require-hashes', '-r', requirements])
  await step('uv', ['pip', 'install', '--python', python, '--no-deps', wheel])
}

async function makeWithPip(folder: string, requirements: string, wheel: string): Promise<void> {
  const python = await newEnoughPython()
  const pip = join(folder, 'bin', 'pip')
  await step(python, ['-m', 'venv', folder])
  await step(pip, ['install', '--disable-pip-version-check', '--require-hashes', '-r', requirements])
  await step(pip, ['install', '--disable-pip-version-check', '--no-deps', wheel])
}

async function newEnoughPython(): Promise<string> {
  const check = 'import sys; sys.exit(0 if sys.version_info >= (3, 10) else 1)'
  for (const name of ['python3', 'python']) if (await works(name, '-c', check)) return name
  throw dagmaError('DAGMA_PYTHON_MISSING', { reason: 'none is on PATH' })
}

async function works(command: string, ...args: string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  )
}

async function step(command: string, args: readonly string[]): Promise<void> {
  try {
    await run(command, args, { maxBuffer: 64 * 1024 * 1024 })
  } catch (error) {
    const said = String((error as { stderr?: unknown }).stderr ?? error)
      .trim()
      .split('\n')
      .slice(-8)
      .join('\n')
    throw dagmaError('DAGMA_SETUP_FAILED', { command: `${command} ${args.slice(0, 3).join(' ')} …`, reason: gateText(said) })
  }
}
