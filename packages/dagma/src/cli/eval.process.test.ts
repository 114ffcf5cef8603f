/** `dagma eval` as a whole process: the table, the exit codes, and acceptance. */
import { spawnSync } from 'node:child_process'
import { beforeEach, expect, test } from 'vitest'
import { commandLine, dagma } from '../test/processes.ts'
import { temporaryFolder } from '../test/temporary.ts'

const definitions = `import { asset, assetCheck, definitions } from '${dagma}'
import { evaluation, exactMatch } from '${dagma.replace('index', 'evaluation/index')}'
const words = asset({ key: 'shop/words', run: () => ['a', 'b'] })
const other = asset({ key: 'other', run: () => 1 })
const dataset = Array.from({ length: 20 }, (_, index) => ({ id: 'e' + index, expected: 'right' }))
const quality = evaluation({
  asset: words, name: 'quality', dataset,
  run: ({ example }) => Number(example.id.slice(1)) < Number(process.env.WRONG ?? 0) ? 'wrong' : 'right',
  scorers: { exact: exactMatch(), present: ({ output }) => output.length > 0 ? 1 : 0 }, threshold: { exact: 0.5 },
})
const never = assetCheck({ asset: words, name: 'never', run: () => ({ passed: false }) })
export default definitions({ assets: [words, other], checks: [quality, never] })
`

let folder = ''
beforeEach(() => {
  folder = temporaryFolder({ 'package.json': '{"name":"p","type":"module","dagma":{}}', 'src/definitions.ts': definitions })
})

function cli(args: string, wrong = '0') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...commandLine, ...args.split(' ')], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', WRONG: wrong },
  })
  return { status, stdout, stderr }
}

const table = (stdout: string) => stdout.slice(stdout.indexOf('EVALUATION')).trimEnd()

test('evaluations pass, drop, and are accepted', () => {
  const first = cli('eval')
  expect(first).toMatchObject({ status: 0, stderr: '' })
  expect(first.stdout).toContain('✓ shop/words:quality  passed: exact 1.000, present 1.000 over 20 examples. Accepted, as the first one')
  expect(first.stdout).not.toContain('never') // not an evaluation
  expect(table(first.stdout)).toMatchInlineSnapshot(`
    "EVALUATION          SCORER   SCORE  THRESHOLD  ACCEPTED  CHANGE  BETWEEN  RESULT
    shop/words:quality  exact    1.000  0.500                                 new
    shop/words:quality  present  1.000                                        new"
  `)
  const dropped = cli('eval shop/words', '8')
  expect(dropped.status).toBe(1)
  expect(table(dropped.stdout)).toMatchInlineSnapshot(`
    "EVALUATION          SCORER   SCORE  THRESHOLD  ACCEPTED  CHANGE  BETWEEN            RESULT
    shop/words:quality  exact    0.600  0.500      1.000     -0.400  -0.605 and -0.195  worse
    shop/words:quality  present  1.000             1.000     0.000   0.000 and 0.000    same"
  `)
  expect(cli('eval --accept', '8').status).toBe(0)
  const again = cli('eval --json', '8')
  expect(again.status).toBe(0)
  expect(JSON.parse(again.stdout)).toMatchObject({
    status: 'SUCCESS',
    evaluations: [
      { asset: 'shop/words', name: 'quality', partition: null, passed: true, metadata: { exact: { type: 'float', raw_value: 0.6 } } },
    ],
  })
})

test('below a threshold the exit code is 1; what has no evaluation, or does not exist, is 2', () => {
  const below = cli('eval --accept', '12')
  expect([below.status, below.stdout]).toEqual([1, expect.stringContaining('exact is 0.400, below its threshold 0.5. It is not accepted')])
  expect(cli('eval other')).toMatchObject({ status: 2, stderr: expect.stringContaining('[DAGMA_SELECTION_EMPTY]') })
  expect(cli('eval nothing').status).toBe(2)
})
