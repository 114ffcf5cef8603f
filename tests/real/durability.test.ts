/** What `durability` promises, seen in the system calls: a value is whole or not there, and with `power` on the disk before its event is acknowledged. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { lacks } from '../support/needs.ts'
import { repository } from '../support/repository.ts'

const script = (folder: string, durability: string): string => `
import { writeSync } from 'node:fs'
import { asset, definitions, materialize } from 'dagma'
const first = asset({ key: 'first', run: () => 1 })
const second = asset({ key: 'nested/second', inputs: { first }, run: ({ inputs }) => inputs.first + 1 })
await materialize(definitions({ assets: [first, second] }), {
  projectFolder: ${JSON.stringify(folder)}, durability: '${durability}',
  onEvent: (event) => writeSync(1, 'ACK ' + event.type + ' ' + ('step' in event ? event.step : '') + '\\n'),
})
`

function needsStrace(): string {
  const { status, error } = spawnSync('strace', ['-o', '/dev/null', 'true'])
  return status === 0 ? '' : `strace does not run: ${error?.message ?? `exit code ${status}`}.`
}

/** The run's system calls, in order, as `name path [path]`, and `ACK type step` for each acknowledged event. */
function callsOf(durability: 'process' | 'power'): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'dagma-durability-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const trace = join(folder, 'trace')
  const strace = ['-f', '-y', '-s', '200', '-e', 'trace=openat,fsync,fdatasync,rename,renameat,renameat2,write', '-o', trace]
  const node = [process.execPath, '--input-type=module', '-e', script(folder, durability)]
  const { status, stderr } = spawnSync('strace', [...strace, ...node], { cwd: join(repository, 'packages/dagma'), encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  return readFileSync(trace, 'utf8')
    .split('\n')
    .flatMap((line) => callOf(line, folder))
}

function callOf(line: string, folder: string): string[] {
  const acknowledged = /write\(1<[^>]*>, "(ACK [^"\\]*)/.exec(line)
  if (acknowledged?.[1] !== undefined) return [acknowledged[1].trim()]
  const [, name = '', rest = ''] = /^\d+ +(\w+)\((.*)/.exec(line) ?? []
  const paths = [...rest.matchAll(/[<"](\/[^">]*)[">]/g)].map(([, path = '']) => path)
  if (name === 'write' || / = -1 E/.test(line) || !paths.some((path) => path.startsWith(folder))) return []
  const wanted = name === 'openat' && !/O_(WRONLY|RDWR)/.test(rest)
  return wanted
    ? []
    : [[name.replace(/^rename.*/, 'rename').replace('fdatasync', 'fsync'), ...paths.map((path) => path.slice(folder.length))].join(' ')]
}

const valueFile = /^\/\.dagma\/values\/.*\.json$/

describe.skipIf(lacks(needsStrace()))('durability', () => {
  test.each(['process', 'power'] as const)('%s: a value gets its name only when it is whole', (durability) => {
    const calls = callsOf(durability)
    const renamed = calls.filter((call) => call.startsWith('rename ')).map((call) => call.split(' ').at(-1))
    expect(renamed.filter((path) => valueFile.test(path ?? ''))).toHaveLength(2)
    const openedToWrite = calls.filter((call) => call.startsWith('openat ')).map((call) => call.split(' ').at(-1) ?? '')
    expect(openedToWrite.filter((path) => valueFile.test(path))).toEqual([])
  })

  test('power: value, its name, its folder and its event are on the disk before the event is acknowledged', () => {
    const calls = callsOf('power')
    for (const step of ['first', 'nested__second']) {
      const acknowledged = calls.indexOf(`ACK STEP_SUCCESS ${step}`)
      expect(acknowledged).toBeGreaterThan(0)
      const started = calls.indexOf(`ACK STEP_START ${step}`)
      const own = calls.slice(0, acknowledged)
      const rename = own.findLastIndex((call) => call.startsWith('rename '))
      const [, unfinished = '', file = ''] = own[rename]?.split(' ') ?? []
      const folder = file.slice(0, file.lastIndexOf('/'))
      expect(own.slice(0, rename)).toContain(`fsync ${unfinished}`)
      expect(own.slice(rename), 'the folder after the rename').toContain(`fsync ${folder}`)
      expect(own.slice(rename), 'the event after the value').toContain('fsync /.dagma/events.sqlite-wal')
      expect(started).toBeLessThan(acknowledged)
    }
  })

  test('power: the entry of each new folder is on the disk', () => {
    const synced = new Set(callsOf('power').filter((call) => call.startsWith('fsync ')))
    for (const folder of ['', '/.dagma', '/.dagma/values', '/.dagma/values/nested']) expect(synced).toContain(`fsync ${folder}`)
  })

  test('process: nothing waits for the disk', () => {
    const calls = callsOf('process')
    const first = calls.indexOf('ACK RUN_START ')
    const events = calls.slice(first, calls.indexOf('ACK STEP_SUCCESS nested__second'))
    expect(events.filter((call) => call.startsWith('fsync '))).toEqual([])
  })
})
