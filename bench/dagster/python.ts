import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Python with Dagster: the one that DAGMA_BENCH_PYTHON names, or what `dagma dev --check` makes, up to date, in examples/platform. */
export function python(): string | undefined {
  if (process.env.DAGMA_BENCH_PYTHON !== undefined) return process.env.DAGMA_BENCH_PYTHON
  const project = join(root, 'examples/platform')
  const done = succeeds('node', ['scripts/setup.mjs', '--python'], root) && succeeds('dagma', ['dev', '--check'], project)
  return done ? join(project, '.dagma/python/bin/python') : undefined
}

function succeeds(program: string, args: readonly string[], cwd: string): boolean {
  return spawnSync(program, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
}
