import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sources } from '../../test/processes.ts'

/** Runs code in a process whose streams are gated; `S` is a secret there. `stdout` names a file that it gets in place of a pipe. */
function gated(code: string, stdout?: number): { stdout: string; stderr: string; status: number | null } {
  const script = `
    import fs, { write, writeSync, writev, writevSync, writeFileSync, appendFileSync, writeFile, createWriteStream } from 'node:fs'
    import { createRequire } from 'node:module'
    import { promisify } from 'node:util'
    import { secret } from '${sources}metadata/redaction/secret.ts'
    import { holdGate } from '${sources}runtime/gate/stdio-gate.ts'
    secret('S')
    const s = process.env.S
    const line = '<' + s + '>\\n'
    const bytes = new TextEncoder().encode(line)
    holdGate()
    ${code}
  `
  const env = { ...process.env, S: 'sécret-of-the-logger' }
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    env,
    stdio: ['ignore', stdout ?? 'pipe', 'pipe'],
  })
}

describe('what is written to the descriptors of stdout and stderr is gated', () => {
  test.each([
    ['writeSync of a text', 'writeSync(1, line)'],
    ['writeSync of bytes', 'writeSync(1, bytes)'],
    ['writeSync of a part', 'writeSync(1, Buffer.concat([Buffer.from("no"), bytes]), 2); writeSync(1, bytes, { length: 0 })'],
    ['writeSync in pieces', 'for (const byte of bytes) writeSync(1, Uint8Array.of(byte))'],
    ['writeSync in an encoding', 'writeSync(1, Buffer.from(bytes).toString("hex"), null, "hex")'],
    ['writeSync of the module', 'fs.writeSync(1, bytes)'],
    ['writeSync that was required', 'createRequire("file:///")("fs").writeSync(1, bytes)'],
    ['write', 'write(1, bytes, () => {})'],
    ['write of a text', 'write(1, line, null, "utf8", () => {})'],
    ['write, as a promise', 'await promisify(write)(1, bytes)'],
    ['writev', 'writev(1, [bytes.slice(0, 9), bytes.slice(9)], () => {})'],
    ['writevSync', 'writevSync(1, [bytes.slice(0, 9), bytes.slice(9)])'],
    ['writeFileSync', 'writeFileSync(1, line)'],
    ['appendFileSync', 'appendFileSync(1, line)'],
    ['writeFile', 'writeFile(1, line, () => {})'],
    ['a stream over the descriptor', 'createWriteStream(null, { fd: 1, autoClose: false }).write(bytes)'],
  ])('%s', (_name, code) => {
    expect(gated(code)).toMatchObject({ stdout: '<[redacted]>\n', stderr: '', status: 0 })
  })

  test('stderr too', () => expect(gated('writeSync(2, bytes)')).toMatchObject({ stdout: '', stderr: '<[redacted]>\n' }))

  test('where stdout is a file, which Node itself writes by fs', () => {
    const folder = mkdtempSync(join(tmpdir(), 'dagma-descriptors-'))
    const file = openSync(join(folder, 'out'), 'w')
    gated('console.log("first", s); writeSync(1, bytes); console.log("last")', file)
    closeSync(file)
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('first [redacted]\n<[redacted]>\nlast\n')
    rmSync(folder, { recursive: true })
  })
})

describe('the rest is as Node has it', () => {
  test('results, callbacks and the order with what console prints', () => {
    const { stdout } = gated(`
      console.log('a')
      const written = writeSync(1, 'é\\n')
      console.log('b')
      const part = writeSync(1, Buffer.from('xyz\\n'), 1, 3)
      write(1, 'c\\n', (error, count, text) => console.log(JSON.stringify([written, part, error, count, text])))
    `)
    expect(stdout).toBe('a\né\nb\nyz\nc\n[3,3,null,2,"c\\n"]\n')
  })

  test('other files, and what is not data', () => {
    const { stdout } = gated(`
      const file = fs.mkdtempSync('${tmpdir()}/dagma-descriptors-') + '/x'
      writeFileSync(file, s); appendFileSync(file, '!')
      const fd = fs.openSync(file, 'a'); writeSync(fd, '?'); fs.closeSync(fd)
      console.log(fs.readFileSync(file, 'utf8') === s + '!?')
      fs.rmSync(file)
      try { writeSync(1, 5) } catch (error) { console.log(error.code) }
    `)
    expect(stdout).toBe('true\nERR_INVALID_ARG_TYPE\n')
  })
})
