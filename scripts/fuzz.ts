/**
 * Draws inputs at random for a long time, one target after another: `npm run fuzz -- [--seconds N] [target …]`. What fails is kept in the corpus beside the
 * test of its target, which `npm test` tries each time.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const vitest = (...options: string[]): string[] => [join(root, 'node_modules/.bin/vitest'), 'run', '--project', 'unit', ...options]
const pytest = (only: string): string[] => [join(root, '.venv/bin/pytest'), '-q', '-s', 'python/tests/test_fuzz.py', '-k', only]

const targets: Readonly<Record<string, readonly string[]>> = {
  redaction: vitest('tests/unit/secret-encodings.test.ts', '-t', 'in two encodings'),
  selection: vitest('tests/unit/fuzz.test.ts', '-t', 'a selection'),
  metadata: vitest('tests/unit/fuzz.test.ts', '-t', 'metadata'),
  manifest: pytest('manifest'),
  messages: vitest('tests/unit/fuzz.test.ts', '-t', 'a message to a worker'),
  worker: pytest('worker or failure or tick'),
}

function main(): number {
  const { values, positionals } = parseArgs({ options: { seconds: { type: 'string', default: '600' } }, allowPositionals: true })
  const unknown = positionals.filter((name) => !(name in targets))
  if (unknown.length > 0 || !(Number(values.seconds) > 0)) {
    console.error(`Usage: npm run fuzz -- [--seconds N] [${Object.keys(targets).join('|')} …]`)
    return 2
  }
  const chosen = positionals.length > 0 ? positionals : Object.keys(targets)
  const failed = chosen.filter((name) => {
    console.log(`\n── ${name}, ${values.seconds} s for each test`)
    const [program = '', ...options] = targets[name] ?? []
    return (
      spawnSync(program, options, { cwd: root, stdio: 'inherit', env: { ...process.env, DAGMA_TEST_FUZZ_SECONDS: values.seconds } })
        .status !== 0
    )
  })
  console.log(failed.length === 0 ? '\nNothing was found.' : `\nFound something in: ${failed.join(', ')}.`)
  return failed.length === 0 ? 0 : 1
}

process.exitCode = main()
