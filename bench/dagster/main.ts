/** Runs and code locations on the real Dagster, in TypeScript and in Python. The measuring itself is in `measure.py`, beside Dagster. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Python with Dagster: the one that DAGMA_BENCH_PYTHON names, or what `dagma dev --check` makes, up to date, in examples/platform. */
function python(): string | undefined {
  if (process.env.DAGMA_BENCH_PYTHON !== undefined) return process.env.DAGMA_BENCH_PYTHON
  const project = join(root, 'examples/platform')
  const done = succeeds('node', ['scripts/setup.mjs', '--python'], root) && succeeds('dagma', ['dev', '--check'], project)
  return done ? join(project, '.dagma/python/bin/python') : undefined
}

function succeeds(program: string, args: readonly string[], cwd: string): boolean {
  return spawnSync(program, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
}

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
