/** The promises of `durability`, seen in the system calls: a value is whole or not there, and with `power` on the disk before its event is acknowledged. */
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
const beside = Array.from({ length: 40 }, (_, n) => asset({ key: 'beside/' + n, deps: [second], run: () => n }))
await materialize(definitions({ assets: [first, second, ...beside] }), {
  projectFolder: ${JSON.stringify(folder)}, durability: '${durability}',
  onEvent: (event) => writeSync(1, 'ACK ' + event.type + ' ' + ('step' in event ? event.step : '') + '\\n'),
})
`

function needsStrace(): string {
  const { status, error } = spawnSync('strace', ['-o', '/dev/null', 'true'])
  return status === 0 ? '' : `strace does not run: ${error?.message ?? `exit code ${status}`}.`
}

/** The run's system calls, in order, as `name path [path]`, `synced path` at the end of an fsync, and `ACK type step` for each acknowledged event. */
function callsOf(durability: 'process' | 'power'): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'dagma-durability-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const trace = join(folder, 'trace')
  const strace = ['-f', '-y', '-s', '200', '-e', 'trace=openat,fsync,fdatasync,rename,renameat,renameat2,write', '-o', trace]
  const node = [process.execPath, '--input-type=module', '-e', script(folder, durability)]
  const { status, stderr } = spawnSync('strace', [...strace, ...node], { cwd: join(repository, 'packages/dagma'), encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  const goingOn = new Map<string, string>() // by thread
  return withResults(readFileSync(trace, 'utf8').split('\n')).flatMap((line) => {
    const [thread = ''] = line.split(' ')
    const calls = callOf(line, folder)
    const synced = /<\.\.\. f(data)?sync resumed>/.test(line) ? goingOn.get(thread) : calls[0]?.replace(/^fsync /, 'synced ')
    if (!synced?.startsWith('synced ')) return calls
    if (!line.includes('<unfinished ...>')) return [...calls, synced]
    goingOn.set(thread, synced)
    return calls
  })
}

/**
 * Gives a call during which another thread had its turn its result, which strace writes on a later line: without it one that failed looks like one
 * that succeeded.
 */
function withResults(lines: readonly string[]): string[] {
  const results = new Map<string, string>() // of the calls that end below, by thread
  return lines
    .toReversed()
    .map((line) => {
      const [thread = ''] = line.split(' ')
      const resumed = /<\.\.\. \w+ resumed>(.*)/.exec(line)?.[1]
      if (resumed !== undefined) results.set(thread, resumed)
      return line.endsWith('<unfinished ...>') ? `${line}${results.get(thread) ?? ''}` : line
    })
    .toReversed()
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
    expect(renamed.filter((path) => valueFile.test(path ?? ''))).toHaveLength(42)
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

  test('power: of steps that end at the same time too, also where they share the sync of a folder', () => {
    const calls = callsOf('power')
    for (let n = 0; n < 40; n++) {
      const file = `/.dagma/values/beside/${n}.json`
      const rename = calls.findIndex((call) => call.startsWith('rename ') && call.endsWith(` ${file}`))
      const [, unfinished = ''] = calls[rename]?.split(' ') ?? []
      expect(calls.slice(0, rename)).toContain(`synced ${unfinished}`)
      const folder = calls.indexOf('fsync /.dagma/values/beside', rename)
      const synced = calls.indexOf('synced /.dagma/values/beside', folder)
      const event = calls.indexOf('fsync /.dagma/events.sqlite-wal', synced)
      expect([rename, folder, synced, event, calls.indexOf(`ACK STEP_SUCCESS beside__${n}`)]).toEqual(
        [rename, folder, synced, event, calls.indexOf(`ACK STEP_SUCCESS beside__${n}`)].toSorted((a, b) => a - b),
      )
      expect(rename).toBeGreaterThan(0)
    }
    expect(calls.filter((call) => call === 'synced /.dagma/values/beside').length).toBeLessThan(40)
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
