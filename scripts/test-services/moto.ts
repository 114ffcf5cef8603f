import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startService, type TestService } from './service.ts'

/** The S3 server among the Python tools for tests; undefined where they are not installed. */
export function motoExecutable(): string | undefined {
  const path = fileURLToPath(new URL('../../.venv/bin/moto_server', import.meta.url))
  if (existsSync(path)) return path
  if (process.env.CI === 'true') throw new Error(`There is no ${path}: \`npm test\` installs it.`)
  console.warn('Tests with S3 are skipped: `node scripts/setup.mjs --tests` installs moto.')
  return undefined
}

/** Starts an S3 server with no buckets. */
export function startMoto(executable = motoExecutable()): Promise<TestService> {
  if (!executable) throw new Error('`node scripts/setup.mjs --tests` installs moto.')
  return startService({
    name: 'moto',
    executable,
    args: ({ port }) => ['-H', '127.0.0.1', '-p', String(port)],
    env: () => ({}),
    healthPath: '/moto-api/data.json',
  })
}
