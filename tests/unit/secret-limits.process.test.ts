/** The limits of redaction that the guide documents: at most ten, and each is tried here, so that it is taken out of the guide once it holds no more. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asset } from 'dagma'
import { materializeToMemory } from 'dagma/testing'
import { afterAll, expect, test } from 'vitest'
import { redact } from '../../packages/dagma/src/metadata/redaction/redact.ts'
import { secret } from '../../packages/dagma/src/metadata/redaction/secret.ts'
import { repository } from '../support/repository.ts'

const value = 'the-limit-of-secrets-1'
process.env.LIMITS_KEY = value
secret('LIMITS_KEY').reveal()

const guide = readFileSync(join(repository, 'docs/guide/secrets.md'), 'utf8')
const chapter = guide.slice(guide.indexOf('## What the gate does not see'), guide.indexOf('## Where to put them'))
const limits = [...chapter.matchAll(/^- \*\*(.+?)\*\*/gm)].map(([, limit = '']) => limit.replace(/[.:]$/, ''))

const output = join(repository, 'test-output')
mkdirSync(output, { recursive: true })
const folder = mkdtempSync(join(output, 'limits-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The output of a step, in a project run by the command line. */
function printed(step: string, env: NodeJS.ProcessEnv = {}): string {
  writeFileSync(join(folder, 'package.json'), '{"type":"module","dagma":{"definitions":"definitions.ts"}}')
  writeFileSync(
    join(folder, 'definitions.ts'),
    `import { writeFileSync } from 'node:fs'
import { asset, definitions, secret } from 'dagma'
export default definitions({ assets: [asset({ key: 'a', run: () => { ${step}; return 1 } })] })\n`,
  )
  const file = join(mkdtempSync(join(folder, 'out-')), 'stdout')
  const descriptor = openSync(file, 'a')
  try {
    execFileSync(process.execPath, [join(repository, 'packages/dagma/bin/dagma.js'), 'asset', 'materialize', '-s', 'a'], {
      cwd: folder,
      stdio: ['ignore', descriptor, 'pipe'],
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env },
    })
  } finally {
    closeSync(descriptor)
  }
  return readFileSync(file, 'utf8')
}

function encodedOften(times: number): string {
  let text = value
  for (let time = 0; time < times; time++) text = Buffer.from(text).toString('base64')
  return text
}

/** By limit, what shows it: the text that got out, and what is in it. Undefined where only Dagster's database shows it. */
const tried: {
  readonly [limit: string]: (() => readonly [text: string, passed: string] | Promise<readonly [string, string]>) | undefined
} = {
  Values: async () => {
    const returns = asset({ key: 'a', run: () => value })
    const run = await materializeToMemory([returns])
    return [await run.load(returns), value]
  },
  'What you type into Dagster': undefined,
  "Bytes that go past Node's streams, `fs` and `child_process`": () => [
    printed("writeFileSync('/proc/self/fd/1', process.env.LIMITS_KEY + '\\n', { flag: 'a' })"),
    value,
  ],
  'Bytes on stdout in a process that `node --test` started': () => [
    printed('process.stdout.write(new TextEncoder().encode(process.env.LIMITS_KEY))', { NODE_TEST_CONTEXT: 'child-v8' }),
    value,
  ],
  'Threads and children that started earlier': () => [
    execFileSync(process.execPath, ['-e', "await import('dagma'); console.log(process.env.LIMITS_KEY)"], {
      cwd: repository,
      encoding: 'utf8',
    }),
    value,
  ],
  'Secrets that are not known yet': () => [
    printed("console.log(process.env.UNNAMED); secret('UNNAMED').reveal()", { UNNAMED: 'zebra-crossing-99' }),
    'zebra-crossing-99',
  ],
  'A secret that your code changes or takes apart': () => {
    const reversed = [...value].reverse().join('')
    return [redact(`x ${reversed}`), reversed]
  },
  'Fewer than 10 characters': () => [redact(`"${value.slice(0, 9)}"...`), value.slice(0, 9)],
  'More than four nested encodings': () => [redact(encodedOften(6)), encodedOften(6)],
  'Text that only a reader recognizes as a secret': () => [redact('The password of the shop is hunter2x.'), 'hunter2x'],
}

test('the limits are at most ten, and each is tried', () => {
  expect(limits.length).toBeLessThanOrEqual(10)
  expect(Object.keys(tried)).toEqual(limits)
})

test.each(Object.entries(tried))('%s', async (_limit, show) => {
  if (show === undefined) return
  const [text, passed] = await show()
  expect(text).toContain(passed)
})
