/** Steps on Celery workers: what a warm one costs, and how a fan-out spreads over two. The measuring itself is in `measure.py`, beside Dagster. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { python } from '../dagster/python.ts'

export async function main(options: readonly string[]): Promise<number> {
  const executable = python()
  if (executable === undefined) return 2
  const child = spawn(executable, [fileURLToPath(new URL('measure.py', import.meta.url)), ...options], {
    stdio: 'inherit',
    env: { ...process.env, DAGMA_NODE: process.execPath, DAGSTER_DISABLE_TELEMETRY: '1' },
  })
  const [code] = await once(child, 'exit')
  return code ?? 1
}
