/**
 * Steps on Celery workers: what a warm one costs, and how a fan-out spreads over two; with `pool` as the first option, steps on the worker pool; with `kills`, what comes of workers and runs
 * that are killed. The measuring itself is in `measure.py` and `kills.py`, beside Dagster.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { python } from '../dagster/python.ts'

export async function main(options: readonly string[]): Promise<number> {
  const executable = python()
  if (executable === undefined) return 2
  const [first, ...rest] = options
  const script = first === 'kills' || first === 'pool' ? [`${first}.py`, ...rest] : ['measure.py', ...options]
  const child = spawn(executable, script, {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: 'inherit',
    env: { ...process.env, DAGMA_NODE: process.execPath, DAGSTER_DISABLE_TELEMETRY: '1' },
  })
  const [code] = await once(child, 'exit')
  return code ?? 1
}
