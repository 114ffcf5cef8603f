import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary.ts'

const here = (file: string) => new URL(file, import.meta.url).href
const preamble = `
import { holdGate } from '${here('stdio-gate.ts')}'
import fs from 'node:fs'
import { spawnSync } from 'node:child_process'
import { showStatus } from '${here('gated-output.ts')}'
import { secret } from '${here('../../metadata/redaction/secret.ts')}'
secret('S'); secret('PEM')
const before = process.stdout.write
const release = holdGate()
const write = (...args) => process.stdout.write(...args)
`

/** The output of a process through the gate. Its secrets: S, and PEM of two lines. */
function written(script: string): { stdout: string; stderr: string; status: number | null } {
  const env = { ...process.env, S: 'sécret-"välue"-1', PEM: 'first-line-of-key\nsecond-line-of-key' }
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', preamble + script], {
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 24,
  })
  return { stdout, stderr, status }
}

describe('the stdio gate', () => {
  test('redacts in whole lines, on both streams, however they are cut', () => {
    const { stdout, stderr } = written(`
      console.log('a', process.env.S, 'b')
      console.error(process.env.S)
      console.log({ value: process.env.S, bytes: Buffer.from(process.env.S) })
      for (const character of process.env.S + '\\n') write(character)
      for (const byte of Buffer.from('😀' + process.env.S + '\\n')) write(Buffer.from([byte]))
      write(process.env.S.slice(0, 5)); write(process.env.S.slice(5) + '\\nrest of ')
      write('line\\n')
      write(Buffer.from(process.env.S + '\\n').toString('hex'), 'hex')
      write('no newline: ' + process.env.S)
    `)
    expect(stdout).toMatchInlineSnapshot(`
      "a [redacted] b
      {
        value: '[redacted]',
        bytes: <Buffer [redacted]>
      }
      [redacted]
      😀[redacted]
      [redacted]
      rest of line
      [redacted]
      no newline: [redacted]"
    `)
    expect(stderr).toBe('[redacted]\n')
  })

  test.each([
    ['end', 'process.stdout.end(line)'],
    ['the method of the class', 'Writable.prototype.write.call(process.stdout, line)'],
    ['the end of the class', 'Writable.prototype.end.call(process.stdout, line)'],
    ['_write', "process.stdout._write(Buffer.from(line), 'buffer', () => {})"],
    [
      '_writev',
      "process.stdout._writev([{ chunk: line.slice(0, 9), encoding: 'utf8' }, { chunk: line.slice(9), encoding: 'utf8' }], () => {})",
    ],
    ['_write of a socket', "Socket.prototype._write.call(process.stdout, line, 'utf8', () => {})"],
    ['_writev of a socket', "Socket.prototype._writev.call(process.stdout, [{ chunk: line, encoding: 'utf8' }], () => {})"],
    [
      'a socket over the descriptor',
      "const socket = new Socket({ fd: 1, readable: false }); socket.on('error', () => {}); socket.write(line)",
    ],
    ['corked', 'process.stdout.cork(); write(line.slice(0, 9)); write(line.slice(9)); process.stdout.uncork()'],
    ['piped', 'await pipeline(Readable.from([line.slice(0, 9), line.slice(9)]), process.stdout, { end: false })'],
    ['its own console', 'new Console(process.stdout).log(line.trim())'],
    ['a method that was kept from before', 'before.call(process.stdout, line)'],
  ])('gates the lowest level of a stream: %s', (_name, code) => {
    const imports = `
      import { Readable, Writable } from 'node:stream'; import { pipeline } from 'node:stream/promises'; import { Socket } from 'node:net'; import { Console } from 'node:console'
      const line = '<' + process.env.S + '>\\n'
    `
    expect(written(imports + code)).toMatchObject({ stdout: '<[redacted]>\n', stderr: '', status: 0 })
  })

  test('gates what Node prints past all streams', () => {
    expect(written("process._rawDebug('<%s>', process.env.S)")).toEqual({ stdout: '', stderr: '<[redacted]>\n', status: 0 })
    expect(written("release(); process._rawDebug('<%s>', 1)").stderr).toBe('<1>\n')
  })

  test('redacts a secret of several lines, written line by line', () => {
    expect(written(`for (const line of process.env.PEM.split('\\n')) console.log('> ' + line)`).stdout).toBe('> [redacted]\n> [redacted]\n')
  })

  test('callbacks are called, and what is not a secret passes byte by byte', () => {
    const { stdout } = written(`
      write('a\\n', () => write('b\\n', 'utf8', () => console.log('c\\r')))
      write(new Uint8Array([0xe2, 0x82])); write(new Uint8Array([0xac, 10]))
    `)
    expect(stdout.split('\n').sort()).toEqual(['', 'a', 'b', 'c\r', '€'])
  })

  test('an unfinished line is written when the process ends by itself or by process.exit', () => {
    expect(written(`write('half'); process.exit(3)`)).toMatchObject({ stdout: 'half', status: 3 })
  })

  test('gates a terminal that is reopened', () => {
    const code = `import { WriteStream } from 'node:tty'\nnew WriteStream(1).write('<' + process.env.S + '>\\n')`
    const folder = temporaryFolder({ 'prints.mjs': preamble + code })
    const { stdout } = spawnSync('script', ['-qec', `${process.execPath} prints.mjs`, '/dev/null'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, S: 'secret-of-terminal' },
    })
    expect(stdout.trim()).toBe('<[redacted]>')
  })

  test('a line without an end leaves in pieces, and no secret is cut', () => {
    const { stdout } = written(`
      const filler = (n) => 'x'.repeat(n)
      for (let n = 0; n < 600; n++) write(filler(n % 97) + process.env.S + filler(1000 - (n % 97)))
    `)
    expect(stdout.match(/\[redacted\]/g)).toHaveLength(600)
    expect(stdout.replaceAll('[redacted]', '')).toBe('x'.repeat(600_000))
  })

  test('a process whose gate is released prints as it did', () => {
    const { stdout, status } = written(
      `
      write('half of ' + process.env.S)
      release()
      write(' a line\\n'); fs.writeSync(1, process.env.S + '\\n'); spawnSync('sh', ['-c', 'echo $S'], { stdio: 'inherit' })
      const again = holdGate(); console.log(process.env.S); again()
      process.stdout.end(process.env.S)
    `.replaceAll('\\\\', '\\'),
    )
    const plain = 'sécret-"välue"-1'
    expect({ stdout, status }).toEqual({ stdout: `half of [redacted] a line\n${plain}\n${plain}\n[redacted]\n${plain}`, status: 0 })
  })

  test('many small pieces of one line take no more than their sum', () => {
    const { stdout } = written(`for (let i = 0; i < 300_000; i++) write('0123456789')`)
    expect(stdout).toHaveLength(3_000_000)
  }, 20_000)

  test('a status is shown at once, redacted, and kept below what is printed', () => {
    const { stderr } = written(`
      const terminal = (columns) => Object.assign(process.stderr, { isTTY: true, columns })
      showStatus('no terminal')
      terminal(24)
      showStatus('running: a, ' + process.env.S)
      console.error('a line')
      terminal(0)
      showStatus('running: ' + 'b'.repeat(100))
      showStatus('')
      console.error('another')
      showStatus('left')
    `)
    const shown = (status: string) => `\r\x1b[K${status}`
    const first = shown('running: a, [redacted]')
    expect(stderr).toBe(
      [first, shown(''), 'a line\n', first, shown(`running: ${'b'.repeat(70)}`), shown(''), 'another\n', shown('left'), shown('')].join(''),
    )
  })
})

test('node --test gets its reports of tests that make runs, and what they print is gated', () => {
  const folder = temporaryFolder({
    'package.json': '{"type":"module"}',
    'a.test.ts': `
import { test } from 'node:test'
import { holdGate } from '${here('stdio-gate.ts')}'
import { secret } from '${here('../../metadata/redaction/secret.ts')}'
secret('S')
for (const name of ['first', 'second', 'third'])
  test(name, async () => {
    const release = holdGate()
    console.log('printed', process.env.S)
    await new Promise((resolve) => setTimeout(resolve, 1))
    release()
    if (name === 'first') throw new Error('it is wrong')
  })
`,
  })
  const env = { ...process.env, S: 'secret-of-a-test', NODE_TEST_CONTEXT: undefined }
  const { stdout, status } = spawnSync(process.execPath, ['--test', '--test-reporter=tap', 'a.test.ts'], {
    cwd: folder,
    env,
    encoding: 'utf8',
  })
  expect(status).toBe(1)
  expect(stdout).toMatch(/# tests 3\n(.*\n)*# pass 2\n# fail 1\n/)
  expect(stdout).toContain('it is wrong')
  expect(stdout.match(/# printed .*/g)).toEqual(Array(3).fill('# printed [redacted]'))
})
