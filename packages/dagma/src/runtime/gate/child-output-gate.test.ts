import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { sources } from '../../test/processes.ts'

/** Runs code in a process whose streams are gated; `secret-of-the-child` is a secret there. */
function gated(code: string): { stdout: string; stderr: string; status: number | null } {
  const script = `
    import * as childProcess from 'node:child_process'
    import { spawn, spawnSync, execSync, execFileSync, fork } from 'node:child_process'
    import { once } from 'node:events'
    import { secret } from '${sources}metadata/redaction/secret.ts'
    import { gateStdio } from '${sources}runtime/gate/stdio-gate.ts'
    secret('CHILD_SECRET')
    gateStdio()
    const say = ['-e', "console.log('out ' + process.env.CHILD_SECRET); console.error('err ' + process.env.CHILD_SECRET)"]
    ${code}
  `
  const env = { ...process.env, CHILD_SECRET: 'secret-of-the-child' }
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', env })
}

const redacted = { stdout: 'out [redacted]\n', stderr: 'err [redacted]\n', status: 0 }

describe('what a child writes to streams that it inherits is gated', () => {
  test.each([
    ['spawn', "await once(spawn(process.execPath, say, { stdio: 'inherit' }), 'close')"],
    ['spawn, by descriptors', "await once(spawn(process.execPath, say, { stdio: ['ignore', 1, 2] }), 'close')"],
    ['spawn, by streams', "await once(spawn(process.execPath, say, { stdio: ['ignore', process.stdout, process.stderr] }), 'close')"],
    ['spawn of the namespace', "await once(childProcess.spawn(process.execPath, say, { stdio: 'inherit' }), 'close')"],
    ['spawnSync', "spawnSync(process.execPath, say, { stdio: 'inherit' })"],
    ['execFileSync', "execFileSync(process.execPath, say, { stdio: 'inherit' })"],
    ['execSync', "execSync('echo out $CHILD_SECRET; echo err $CHILD_SECRET >&2', { stdio: 'inherit' })"],
    ['a grandchild', `spawnSync('sh', ['-c', 'sh -c "echo out $CHILD_SECRET; echo err $CHILD_SECRET >&2"'], { stdio: 'inherit' })`],
  ])('%s', (_name, code) => {
    const { stdout, stderr, status } = gated(code)
    expect({ stdout, stderr, status }).toEqual(redacted)
  })

  test('fork, whose children inherit by default', () => {
    const { stdout } = gated(`
      import { writeFileSync, mkdtempSync } from 'node:fs'
      const file = mkdtempSync('/tmp/dagma-test-') + '/child.mjs'
      writeFileSync(file, "console.log('out ' + process.env.CHILD_SECRET)")
      await once(fork(file, { execArgv: [] }), 'close')
    `)
    expect(stdout).toBe('out [redacted]\n')
  })
})

describe('the rest is as Node has it', () => {
  test('pipes, ignored streams and results', () => {
    const { stdout } = gated(`
      const piped = spawnSync('echo', ['hello'], { encoding: 'utf8' })
      const text = execFileSync('echo', ['there'], { encoding: 'utf8' })
      const child = spawn('echo', ['x'], { stdio: ['ignore', 'pipe', 'inherit'] })
      const inherited = spawnSync('true', { stdio: 'inherit' })
      await once(child, 'close')
      console.log(JSON.stringify([piped.stdout, piped.status, text, child.stderr, inherited.stdout, inherited.status]))
    `)
    expect(JSON.parse(stdout)).toEqual(['hello\n', 0, 'there\n', null, null, 0])
  })

  test('a command that fails throws, with its status', () => {
    const { stdout } = gated(`
      const thrown = (work) => { try { work() } catch (error) { return [error.status, error.message.split('\\n')[0]] } }
      console.log(JSON.stringify([
        thrown(() => execFileSync('sh', ['-c', 'exit 3'], { stdio: 'inherit' })),
        thrown(() => execSync('exit 4', { stdio: 'inherit' })),
        thrown(() => execFileSync('no-such-program', { stdio: 'inherit' }))?.[1],
      ]))
    `)
    expect(JSON.parse(stdout)).toEqual([[3, 'Command failed: sh'], [4, 'Command failed: exit 4'], expect.stringContaining('ENOENT')])
  })
})
