import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { dagma } from '../test/processes.ts'
import { temporaryFolder } from '../test/temporary.ts'

/** Runs a script of one's own; `SCRIPT_KEY` is a secret there. */
function script(code: string): { stdout: string; stderr: string; status: number | null } {
  const source = `
    import { spawnSync } from 'node:child_process'
    import { writeSync } from 'node:fs'
    import { Worker } from 'node:worker_threads'
    import { asset, definitions, materialize, secret } from '${dagma}'
    secret('SCRIPT_KEY')
    const key = process.env.SCRIPT_KEY
    const make = (one) => materialize(definitions({ assets: [one] }), { projectFolder: process.cwd() })
    const thread = () => new Promise((resolve) => new Worker('console.log("thread", process.env.SCRIPT_KEY)', { eval: true }).once('exit', resolve))
    const printing = (name) => asset({ key: name, run: async () => {
      console.log('console', key); writeSync(1, 'fs ' + key + '\\n'); spawnSync('sh', ['-c', 'echo child $SCRIPT_KEY'], { stdio: 'inherit' }); await thread()
      return 1
    } })
    ${code}
  `
  const env = { ...process.env, SCRIPT_KEY: 'script-secret-value' }
  return spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    cwd: temporaryFolder(),
    encoding: 'utf8',
    env,
  })
}

const gated = 'console [redacted]\nfs [redacted]\nchild [redacted]\nthread [redacted]\n'

test('what the steps of a script print is gated while the run is on, and nothing after it', () => {
  const { stdout, stderr, status } = script(`
    console.log('before')
    await make(printing('a'))
    console.log('after', key.length)
    await make(printing('b'))
    process.stdout.write('no end')
  `)
  expect({ stdout, stderr, status }).toEqual({ stdout: `before\n${gated}after 19\n${gated}no end`, stderr: '', status: 0 })
})

test('runs that overlap share the gate', () => {
  const { stdout } = script(`
    const short = asset({ key: 'short', run: () => 1 })
    const go = Promise.withResolvers()
    const long = asset({ key: 'long', run: async () => { await go.promise; console.log(key) } })
    const running = make(long)
    await make(short)
    go.resolve()
    await running
  `)
  expect(stdout).toBe('[redacted]\n')
})
