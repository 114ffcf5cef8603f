import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { EventLog } from '../engine/event-log.ts'
import { commandLine, dagma } from '../test/processes.ts'
import { temporaryFolder } from '../test/temporary.ts'

const project = (defs: string) =>
  temporaryFolder({ 'package.json': '{"type":"module","dagma":{"definitions":"defs.ts"}}', 'defs.ts': defs })

const environment = { ...process.env, FORCE_COLOR: undefined, END_TEST_KEY: 'end-secret-value' }

function start(folder: string, args: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [...commandLine, ...args], { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function run(folder: string, args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = start(folder, args)
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code, stdout, stderr }
}

/** The events of the only run, as the log has them right after the process has ended. */
function recorded(folder: string): { status: string; events: string[] } {
  using log = EventLog.openExisting(folder)
  const [{ runId, status } = { runId: '', status: '' }] = log.runs(1)
  const events = log.events(runId).map((event) => {
    const error = event.type === 'STEP_FAILURE' ? ` ${event.error.message} < ${event.error.cause?.message}` : ''
    return `${event.type}${'step' in event ? ` ${event.step}` : ''}${event.type === 'LOG' ? ` ${event.message}` : error}`
  })
  return { status, events }
}

const ending = (how: string) => `
import { asset, definitions, secret } from '${dagma}'
const key = secret('END_TEST_KEY')
const started = Promise.withResolvers()
const waits = asset({ key: 'waits', run: ({ log }) => { log.info('held'); started.resolve(); return new Promise(() => {}) } })
const ends = asset({ key: 'ends', run: async () => { await started.promise; ${how}; await new Promise(() => {}) } })
export default definitions({ assets: [waits, ends] })
`

describe('a process that ends while steps run', () => {
  test.each([
    ['process.exit(0)', 'process.exit(0)', /while steps "waits", "ends" were running\. .*\[DAGMA_PROCESS_EXITED\] < undefined$/],
    ['the end of process.exit()', 'process.reallyExit(0)', /code 0 while steps .*\[DAGMA_PROCESS_EXITED\] < undefined$/],
    ['another program', "process.execve('/bin/true', ['true'])", /code 0 while steps .*\[DAGMA_PROCESS_EXITED\] < undefined$/],
    [
      'a listener that ends it first',
      "process.prependListener('exit', () => process.reallyExit(0)); process.exit(0)",
      /code 0 while steps .*\[DAGMA_PROCESS_EXITED\] < undefined$/,
    ],
    ['process.exit(3)', 'process.exit(3)', /code 3 while steps .*\[DAGMA_PROCESS_EXITED\] < undefined$/, 3],
    [
      'an unhandled rejection',
      "void Promise.reject(new Error('forgot ' + key.reveal()))",
      /"ends" were running: forgot \[redacted\]\. .*\[DAGMA_UNCAUGHT_ERROR\] < forgot \[redacted\]$/,
    ],
    [
      'an uncaught error',
      "setTimeout(() => { throw new Error('forgot ' + key.reveal()) })",
      /\[DAGMA_UNCAUGHT_ERROR\] < forgot \[redacted\]$/,
    ],
  ])('records it at once: %s', async (_what, how, error, expected = 1) => {
    const folder = project(ending(how))
    const { code, stdout } = await run(folder, ['asset', 'materialize', '-s', '*'])
    expect(code).toBe(expected)
    expect(stdout).toContain('DAGMA_')
    const { status, events } = recorded(folder)
    expect(status).toBe('FAILURE')
    const failures = [expect.stringMatching(/^STEP_FAILURE waits /), expect.stringMatching(/^STEP_FAILURE ends /)]
    expect(events).toEqual(['RUN_START', 'STEP_START waits', 'STEP_START ends', 'LOG waits held', ...failures, 'RUN_FAILURE'])
    for (const failure of events.slice(4, 6)) expect(failure).toMatch(error)
  })

  test('what was killed says so when it is shown', async () => {
    const folder = project(`
import { asset, definitions } from '${dagma}'
export default definitions({ assets: [asset({ key: 'a', run: () => process.kill(process.pid, 'SIGKILL') })] })
`)
    await run(folder, ['asset', 'materialize', '-s', '*'])
    const [, id] = /^([0-9a-f]{8}) {2}FAILURE/m.exec((await run(folder, ['run', 'list'])).stdout) ?? []
    expect((await run(folder, ['run', 'show', `${id}`])).stdout).toMatch(
      /\nFAILURE in .*\n {2}The process of this run exited before the run ended\.\n$/,
    )
  })

  test('a second Ctrl-C says that the run was canceled, and not to look for process.exit()', async () => {
    const folder = project(`
import { asset, definitions } from '${dagma}'
export default definitions({ assets: [asset({ key: 'deaf', run: () => { console.log('held'); return new Promise(() => {}) } })] })
`)
    const child = start(folder, ['asset', 'materialize', '-s', '*'])
    const stdout = text(child.stdout)
    const ended = once(child, 'exit')
    await waitFor(() => existsSync(join(folder, '.dagma/events.sqlite')) && recorded(folder).events.includes('STEP_START deaf'))
    child.kill('SIGINT')
    for await (const chunk of child.stderr) if (String(chunk).includes('interrupt again')) break
    child.kill('SIGINT')
    expect(await ended).toEqual([130, null])
    expect(await stdout).toContain('The run was canceled.')
    expect(recorded(folder)).toMatchObject({
      status: 'CANCELED',
      events: ['RUN_START', 'STEP_START deaf', expect.stringMatching(/^STEP_FAILURE deaf .*\[DAGMA_CANCELED\]/), 'RUN_CANCELED'],
    })
  })

  test('says it on stderr where nothing else is printed, in scripts too', async () => {
    const folder = project(ending('process.exit(0)'))
    const { code, stdout, stderr } = await run(folder, ['asset', 'materialize', '-s', '*', '--json'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^error: The process exited with code 0 .*\[DAGMA_PROCESS_EXITED\]\n$/)
    const script = `const { materialize } = await import('${dagma}'); await materialize((await import('./defs.ts')).default)`
    const ended = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: folder, encoding: 'utf8', env: environment })
    expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining('[DAGMA_PROCESS_EXITED]') })
  })

  test.each([
    ['a hook', 'onSuccess: () => process.exit(0)', ''],
    ['a hook, by a rejection that nobody awaits', "onSuccess: () => (void Promise.reject(new Error('loose')), later())", ''],
    ['a resource that closes', '', 'close: () => process.exit(0)'],
    ['what a step has left behind', '', 'close: () => (setTimeout(() => process.exit(0)), later())'],
  ])('records it when no step runs: %s', async (_what, hook, close) => {
    const folder = project(`
import { setTimeout as wait } from 'node:timers/promises'
import { asset, definitions, job, resource } from '${dagma}'
const later = () => wait(60_000)
const opened = resource({ open: () => ({}), ${close} })
const a = asset({ key: 'a', resources: { opened }, run: () => 1 })
export default definitions({ assets: [a], jobs: [job({ name: 'j', selection: [a], ${hook} })], resources: { opened: opened({}) } })
`)
    const { code, stdout, stderr } = await run(folder, ['job', 'launch', '-j', 'j'])
    const { status, events } = recorded(folder)
    expect({ code, status, last: events.at(-1) }).toEqual({ code: 1, status: 'FAILURE', last: 'RUN_FAILURE' })
    expect(stdout + stderr).toMatch(/while no step was running, before the command had finished.*\[DAGMA_/)
  })

  test('an error that a listener of the program catches ends nothing', async () => {
    const folder = project(
      ending(
        "process.on('uncaughtException', () => setTimeout(() => process.exit(0), 50)); setTimeout(() => { throw new Error('caught') })",
      ),
    )
    const script = `const { materialize } = await import('${dagma}'); await materialize((await import('./defs.ts')).default)`
    const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      encoding: 'utf8',
      env: environment,
    })
    expect(stderr).toContain('[DAGMA_PROCESS_EXITED]')
  })
})

test.each([
  ['return 1', 0, 'SUCCESS'],
  ["throw new Error('x')", 1, 'FAILURE'],
  ["process.on('exit', () => { process.exitCode = 0 }); throw new Error('x')", 1, 'FAILURE'],
])('a step’s own process.exitCode says nothing of the run: %s', async (how, expected, status) => {
  for (const exitCode of [0, 3]) {
    const folder = project(`
import { asset, definitions } from '${dagma}'
export default definitions({ assets: [asset({ key: 'a', run: () => { process.exitCode = ${exitCode}; ${how} } })] })
`)
    const { code } = await run(folder, ['asset', 'materialize', '-s', 'a'])
    expect({ code, status: recorded(folder).status }).toEqual({ code: expected, status })
  }
})

test.each([
  ['a sensor', ['sensor', 'preview', 's']],
  ['the check of a config', ['asset', 'materialize', '-s', 'a']],
  ['settings of a resource', ['definitions', 'validate'], 'settings'],
  ['a module', ['definitions', 'validate'], 'module'],
  ['a module, past process.exit()', ['definitions', 'validate'], 'module', 'reallyExit'],
])('a command that code of the project ends says so, with exit code 1: %s', async (_what, args, at = '', how = 'exit') => {
  const folder = project(`
import { asset, definitions, job, resource, sensor } from '${dagma}'
const bye = () => process.${how}(0)
const config = { '~standard': { version: 1, vendor: 'test', validate: bye, jsonSchema: { input: () => ({}), output: () => ({}) } } }
const opened = resource({ open: () => ({}) })
const a = asset({ key: 'a', config, resources: { opened }, run: () => 1 })
const j = job({ name: 'j', selection: [a] })
if ('${at}' === 'module') bye()
export default definitions({
  assets: [a],
  jobs: [j],
  sensors: [sensor({ name: 's', job: j, run: bye })],
  resources: { opened: opened('${at}' === 'settings' ? bye : {}) },
})
`)
  const { code, stderr } = await run(folder, args)
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^error: The process exited with code 0 while no step was running.*\[DAGMA_PROCESS_EXITED\]\n$/),
  })
})

test.each([
  ['a sensor', ['sensor', 'preview', 's']],
  ['a schedule', ['schedule', 'preview', 't']],
  ['the check of a config', ['asset', 'materialize', '-s', 'a']],
])('a command that waits for what never comes says so: %s', async (_what, args) => {
  const folder = project(`
import { asset, definitions, job, schedule, sensor } from '${dagma}'
const never = () => new Promise(() => {})
const config = { '~standard': { version: 1, vendor: 'test', validate: never, jsonSchema: { input: () => ({}), output: () => ({}) } } }
const a = asset({ key: 'a', config, run: () => 1 })
const j = job({ name: 'j', selection: [a] })
export default definitions({
  assets: [a],
  jobs: [j],
  schedules: [schedule({ name: 't', job: j, cronSchedule: '0 2 * * *', evaluate: never })],
  sensors: [sensor({ name: 's', job: j, run: never })],
})
`)
  const { code, stderr } = await run(folder, args)
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^error: The command awaits .*\[DAGMA_NEVER_SETTLED\]\n$/) })
})

describe('a command whose work is done ends', () => {
  const leaves = (what: string) =>
    project(`
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { Worker } from 'node:worker_threads'
import { asset, definitions, job, runRequest, sensor } from '${dagma}'
const leave = () => { ${what} }
const a = asset({ key: 'a', run: () => { leave(); return 1 } })
const j = job({ name: 'j', selection: [a] })
export default definitions({ assets: [a], jobs: [j], sensors: [sensor({ name: 's', job: j, run: () => { leave(); return runRequest({ runKey: 'k' }) } })] })
`)
  test.each([
    ['a timer', 'setInterval(() => {}, 1000)', 'timers'],
    ['a server', 'createServer().listen(0)', 'servers'],
    ['a child', "spawn('sleep', ['300'])", 'child processes'],
    ['a child that inherits', "spawn('sleep', ['300'], { stdio: 'inherit' })", 'child processes'],
    ['a detached child', "spawn('sleep', ['300'], { stdio: 'inherit', detached: true }).unref()", undefined],
    ['a thread', "new Worker('setInterval(() => {}, 1000)', { eval: true })", undefined],
    ['nothing', '', undefined],
  ])('though the project left %s open', async (_what, code, open) => {
    const note =
      open === undefined
        ? ''
        : `note: the project left ${open} open; the command ended nevertheless. Close what a resource opens in its close().\n`
    expect(await run(leaves(code), ['asset', 'materialize', '-s', 'a'])).toMatchObject({ code: 0, stderr: note })
  })

  test('a sensor’s answer too', async () => {
    const child = spawn(process.execPath, [...commandLine, 'tick'], {
      cwd: leaves('setInterval(() => {}, 1000)'),
      env: environment,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    child.stdin.end('{"kind":"sensor","name":"s","cursor":null}')
    const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
    expect({ code, answer: JSON.parse(stdout) }).toMatchObject({ code: 0, answer: { run_requests: [{ run_key: 'k' }] } })
  })

  test('on the first SIGTERM, though nobody reads what it has printed', async () => {
    const folder = leaves("setInterval(() => {}, 1000); console.log('x'.repeat(2_000_000)); console.error('printed')")
    const child = start(folder, ['asset', 'materialize', '-s', 'a'])
    await once(child.stderr, 'readable')
    await waitFor(() => recorded(folder).status === 'SUCCESS')
    child.kill('SIGTERM')
    await once(child, 'exit')
  })
})

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20))
}
