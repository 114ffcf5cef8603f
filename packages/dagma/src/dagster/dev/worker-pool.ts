/** The worker pool of the Dagster host: `python -m dagma.pool`, typed. */
import { execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'
import { dagmaError } from '../../errors.ts'
import { gateText } from '../../runtime/gate/exit-gate.ts'
import { findPython, findPythonEnvironment, safePath } from './python-environment.ts'

const run = promisify(execFile)

/** A process that executes steps, as `python -m dagma.pool list` describes it. */
export interface PoolWorker {
  readonly name: string
  readonly host: string
  readonly pid: number
  readonly state: 'idle' | 'running' | 'lost'
  readonly queues: readonly string[]
  readonly runId: string | null
  readonly step: string | null
  /** Of the code that it has loaded, as `dagma build` writes them. */
  readonly digests: { readonly [name: string]: string | null }
  readonly ageSeconds: number
}

/**
 * Runs the pool of this machine until it is drained, and gives its exit code. SIGTERM drains it; Ctrl-C reaches it by itself.
 * @throws DAGMA_POOL_NO_PYTHON
 */
export async function runWorkerPool(projectFolder: string, args: readonly string[]): Promise<number> {
  const { python, env } = poolPython(projectFolder)
  const pool = spawn(python, ['-m', 'dagma.pool', 'start', ...args], { cwd: projectFolder, env, stdio: 'inherit' })
  const drain = (): void => void pool.kill('SIGTERM')
  const isDrained = (): void => undefined
  process.on('SIGTERM', drain).on('SIGINT', isDrained)
  try {
    return await new Promise((resolve, reject) => {
      pool.on('error', ({ message }) => reject(dagmaError('DAGMA_POOL_NO_PYTHON', { reason: `${python} cannot be started: ${message}` })))
      pool.on('exit', (code) => resolve(code ?? 1))
    })
  } finally {
    process.off('SIGTERM', drain).off('SIGINT', isDrained)
  }
}

/**
 * The workers of all machines.
 * @throws DAGMA_POOL_NO_PYTHON
 */
export async function poolWorkers(projectFolder: string): Promise<PoolWorker[]> {
  const { python, env } = poolPython(projectFolder)
  const { stdout } = await run(python, ['-m', 'dagma.pool', 'list'], { cwd: projectFolder, env }).catch(
    (error: { readonly stderr?: string; readonly message: string }) => {
      const reason = (error.stderr ?? '').trim().split('\n').slice(-1).join('\n') || error.message
      throw dagmaError('DAGMA_POOL_NO_PYTHON', { reason: gateText(reason.replace(/\.$/, '')) })
    },
  )
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '[]') as PoolWorker[]
}

/** The Python with Dagster, and its environment: the instance of DAGSTER_HOME, otherwise the one of `dagma dev`. */
function poolPython(projectFolder: string): { python: string; env: NodeJS.ProcessEnv } {
  const home = process.env.DAGSTER_HOME || findPythonEnvironment(projectFolder)?.dagsterHome
  const python = findPython(projectFolder)
  if (python === undefined || home === undefined) {
    throw dagmaError('DAGMA_POOL_NO_PYTHON', { reason: 'neither DAGSTER_HOME is set, nor has `dagma dev` set Dagster up here' })
  }
  return { python, env: { ...process.env, ...safePath, DAGSTER_HOME: home } }
}
