/** Runs and code locations on the real Dagster, in TypeScript and in Python. The measuring itself is in `measure.py`, beside Dagster. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Python with Dagster: the one that DAGMA_BENCH_PYTHON names, or what `dagma dev --check` has made in examples/platform. */
function python(): string {
  return process.env.DAGMA_BENCH_PYTHON ?? join(root, 'examples/platform/.dagma/python/bin/python')
}

export async function main(options: readonly string[]): Promise<number> {
  if (!existsSync(python())) {
    console.error(`There is no ${python()}. Run \`npm run dev -- --check\` first, or name a Python with Dagster by DAGMA_BENCH_PYTHON.`)
    return 2
  }
  const child = spawn(python(), [fileURLToPath(new URL('measure.py', import.meta.url)), ...options], {
    stdio: 'inherit',
    env: { ...process.env, DAGMA_NODE: process.execPath, DAGSTER_DISABLE_TELEMETRY: '1' },
  })
  const [code] = await once(child, 'exit')
  return code ?? 1
}
