import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sources } from '../../test/processes.ts'

/** Runs code in a process whose streams are gated; `secret-of-the-child` is a secret there. */
function gated(code: string): { stdout: string; stderr: string; status: number | null } {
  const script = `
    import * as childProcess from 'node:child_process'
    import { spawn, spawnSync, execSync, execFileSync, fork } from 'node:child_process'
    import { once } from 'node:events'
    import { secret } from '${sources}metadata/redaction/secret.ts'
    import { holdGate } from '${sources}runtime/gate/stdio-gate.ts'
    secret('CHILD_SECRET')
    holdGate()
    import fs from 'node:fs'
    import { Worker } from 'node:worker_threads'
    const inThread = (code) => threadPreamble + 'const threadPreamble = ' + JSON.stringify(threadPreamble) + ';(async () => {' + code + '})()'
    const thread = (code) => once(new Worker(inThread(code), { eval: true }), 'exit')
    const threadPreamble = \`
      const { spawn, spawnSync } = require('node:child_process'); const fs = require('node:fs'); const { once } = require('node:events'); const { Worker } = require('node:worker_threads')
      const say = ['-e', "console.log('out ' + process.env.CHILD_SECRET); console.error('err ' + process.env.CHILD_SECRET)"]
      const thread = (code) => once(new Worker(threadPreamble + '(async () => {' + code + '})()', { eval: true }), 'exit');
    \`
    const high = ['-c', 'echo out $CHILD_SECRET >&3; echo err $CHILD_SECRET >&5']
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
    ['spawn, both by stderr’s descriptor', "await once(spawn(process.execPath, say, { stdio: [0, 2, 2] }), 'close')", 'stderr'],
    ['spawn, both by stdout’s descriptor', "await once(spawn(process.execPath, say, { stdio: ['ignore', 1, 1] }), 'close')", 'stdout'],
    [
      'spawn, both by a stream',
      "await once(spawn(process.execPath, say, { stdio: ['ignore', process.stderr, process.stderr] }), 'close')",
      'stderr',
    ],
    ['spawn, by objects', "await once(spawn(process.execPath, say, { stdio: ['ignore', { fd: 1 }, { fd: 2 }] }), 'close')"],
    [
      'spawn, by a handle',
      "await once(spawn(process.execPath, say, { stdio: ['ignore', process.stdout._handle ?? 1, process.stderr._handle ?? 2] }), 'close')",
    ],
    [
      'spawn, by higher indexes',
      "await once(spawn('sh', high, { stdio: ['ignore', 'ignore', 'ignore', 1, 'ignore', process.stderr] }), 'close')",
    ],
    ['spawnSync, by higher indexes', "spawnSync('sh', high, { stdio: ['ignore', 'ignore', 'ignore', 1, 'ignore', { fd: 2 }] })"],
    ['spawnSync, both by stderr’s descriptor', 'spawnSync(process.execPath, say, { stdio: [0, 2, 2] })', 'stderr'],
    ['execFileSync, stdout only', "execFileSync(process.execPath, say, { stdio: ['ignore', 'inherit', 2] })"],
    [
      'execSync by its default, which is to inherit stderr',
      "console.log(String(execSync('echo out $CHILD_SECRET; echo err $CHILD_SECRET >&2')).trim())",
    ],
    ['spawn in a worker thread', `await thread("await once(spawn(process.execPath, say, { stdio: 'inherit' }), 'close')")`],
    [
      'spawn in a worker thread, by its streams',
      `await thread("await once(spawn(process.execPath, say, { stdio: ['ignore', process.stdout, process.stderr] }), 'close')")`,
    ],
    ['spawnSync in a worker thread', `await thread("spawnSync(process.execPath, say, { stdio: 'inherit' })")`],
    [
      'fs in a worker thread',
      `await thread("fs.writeSync(1, 'out ' + process.env.CHILD_SECRET + '\\\\n'); fs.writeSync(2, 'err ' + process.env.CHILD_SECRET + '\\\\n')")`,
    ],
    ['a worker thread of a worker thread', `await thread("await thread(\`spawnSync(process.execPath, say, { stdio: 'inherit' })\`)")`],
    ['spawn of the namespace', "await once(childProcess.spawn(process.execPath, say, { stdio: 'inherit' }), 'close')"],
    ['spawnSync', "spawnSync(process.execPath, say, { stdio: 'inherit' })"],
    ['execFileSync', "execFileSync(process.execPath, say, { stdio: 'inherit' })"],
    ['execSync', "execSync('echo out $CHILD_SECRET; echo err $CHILD_SECRET >&2', { stdio: 'inherit' })"],
    ['a grandchild', `spawnSync('sh', ['-c', 'sh -c "echo out $CHILD_SECRET; echo err $CHILD_SECRET >&2"'], { stdio: 'inherit' })`],
  ])('%s', (_name, code, only?: string) => {
    const { stdout, stderr, status } = gated(code)
    const both = 'out [redacted]\nerr [redacted]\n'
    if (only === undefined) return expect({ stdout, stderr, status }).toEqual(redacted)
    // Two pipes of a child may be read in either order.
    const sorted = (text: string) => text.split('\n').sort()
    expect({ stdout: sorted(stdout), stderr: sorted(stderr) }).toEqual({ stdout: [''], stderr: [''], [only]: sorted(both) })
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

describe('lines', () => {
  test('of several children that print concurrently are never mixed', () => {
    const { stdout } = gated(`
      const halves = ['-e', "const name = process.argv[1]; let n = 0; const next = () => { if (n++ === 20) return; process.stdout.write(name.repeat(10)); setTimeout(() => { process.stdout.write(name.repeat(10) + '\\\\n'); setTimeout(next, 1) }, 1) }; next()"]
      await Promise.all(['a', 'b', 'c'].map((name) => once(spawn(process.execPath, [...halves, name], { stdio: 'inherit' }), 'close')))
    `)
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(60)
    expect(lines.filter((line) => !/^(a{20}|b{20}|c{20})$/.test(line))).toEqual([])
  })

  test('of a synchronous child appear while it runs', () => {
    // The child continues only when its line has been read here: one that waited for the child would wait forever.
    const folder = mkdtempSync(join(tmpdir(), 'dagma-sync-child-'))
    const fifo = join(folder, 'go')
    execFileSync('mkfifo', [fifo])
    const script = `
      import { execSync } from 'node:child_process'
      import { holdGate } from '${sources}runtime/gate/stdio-gate.ts'
      holdGate()
      execSync('echo first; read line < ${fifo}; echo $line', { stdio: 'inherit' })
    `
    const { stdout } = spawnSync(
      'sh',
      ['-c', `"$0" --input-type=module -e "$1" | { read line; echo "go on" > ${fifo}; echo "$line"; cat; }`, process.execPath, script],
      { encoding: 'utf8' },
    )
    expect(stdout).toBe('first\ngo on\n')
    rmSync(folder, { recursive: true })
  })
})

describe('the rest is as Node has it', () => {
  test.each([
    ['a status', "spawnSync('sh', ['-c', 'exit 3'], OPTIONS)"],
    ['a signal', "spawnSync('sh', ['-c', 'kill -9 $$'], OPTIONS)"],
    ['a program that is not there', "spawnSync('no-such-program', ['x'], OPTIONS)"],
    ['a timeout', "spawnSync('sleep', ['60'], { ...OPTIONS, timeout: 50 })"],
    [
      'input and a pipe, as text',
      "spawnSync('sh', ['-c', 'cat'], { stdio: ['pipe', 'pipe', INHERITED], input: 'hello', encoding: 'utf8' })",
    ],
    ['input and a pipe, as bytes', "spawnSync('cat', { stdio: ['pipe', 'pipe', INHERITED], input: Buffer.from('hello') })"],
    [
      'a pipe that gives too much',
      "spawnSync('sh', ['-c', 'printf %05000d 7; exec sleep 60'], { stdio: ['ignore', 'pipe', INHERITED], maxBuffer: 1000, encoding: 'latin1' })",
    ],
    [
      'a folder and an environment',
      "spawnSync('sh', ['-c', 'pwd; echo $X'], { stdio: ['ignore', 'pipe', INHERITED], cwd: '/usr', env: { X: '1', PATH: process.env.PATH }, encoding: 'utf8' })",
    ],
    ['a shell', "spawnSync('echo $((1 + 2))', { stdio: ['ignore', 'pipe', INHERITED], shell: true, encoding: 'utf8' })"],
    ['a command with a pipe that fails', "execSync('echo out; echo err >&2; exit 4', { stdio: [0, INHERITED, 'pipe'] })"],
    ['a file with a pipe that fails', "execFileSync('sh', ['-c', 'exit 5'], { stdio: ['ignore', 'pipe', INHERITED], encoding: 'utf8' })"],
    ['arguments that are wrong', "spawnSync('a\\0b', { stdio: 'inherit' })"],
    ['what a child leaves running', "spawnSync('sh', ['-c', 'sleep 60 & true'], OPTIONS)"],
  ])('of synchronous children: %s', (_what, call) => {
    const report = (options: string, inherited: string) => `
      const result = (() => { try { return ${call.replaceAll('OPTIONS', options).replaceAll('INHERITED', inherited)} } catch (thrown) { return thrown } })()
      const plain = (value) => value instanceof Error ? { message: value.message, ...value } : value
      const { pid, error, ...rest } = { ...plain(result) }
      console.error(JSON.stringify({ ...rest, error: error && plain(error) }))
    `
    // Ignored streams make it a call to Node's own function.
    const [ours, own] = [gated(report("{ stdio: 'inherit' }", "'inherit'")), gated(report("{ stdio: 'ignore' }", "'ignore'"))]
    const parsed = ({ stderr }: { stderr: string }) => JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '')
    expect(parsed(ours)).toEqual(parsed(own))
  })

  test('a child that is let go keeps nothing alive, nor does what a child leaves running', () => {
    const { stdout, status } = gated(`
      spawn('sleep', ['60'], { stdio: 'inherit', detached: true }).unref()
      await once(spawn('sh', ['-c', 'sleep 60 & echo said'], { stdio: 'inherit' }), 'close')
      spawnSync('sh', ['-c', 'sleep 60 & echo said'], { stdio: 'inherit' })
      process.on('exit', () => console.log('ended'))
    `)
    expect({ stdout, status }).toEqual({ stdout: 'said\nsaid\nended\n', status: 0 })
  })

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
    expect(JSON.parse(stdout)).toEqual([
      [3, 'Command failed: sh -c exit 3'],
      [4, 'Command failed: exit 4'],
      expect.stringContaining('ENOENT'),
    ])
  })
})
