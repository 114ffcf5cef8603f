/** Hooks of jobs: when they are called, with what, and that nothing is lost when one takes the process down. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { type Asset, asset } from '../definitions/assets/asset.ts'
import { Failure } from '../definitions/assets/failure.ts'
import { materializeResult } from '../definitions/assets/results.ts'
import { retryPolicy } from '../definitions/assets/retry-policy.ts'
import { type HookContext, job } from '../definitions/automation/job.ts'
import { definitions } from '../definitions/definitions.ts'
import { temporaryFolder } from '../test/temporary.ts'
import { EventLog } from './event-log.ts'
import { materialize } from './materialize.ts'
import type { MaterializeOptions } from './run-options.ts'

/** Runs these assets as a job; what its hooks were called with, and the types of the step's events that were durable by then. */
async function run(assets: readonly Asset[], options: MaterializeOptions = {}) {
  const projectFolder = temporaryFolder()
  const called: { hook: string; error: HookContext['error']; recorded: string[] }[] = []
  const hook =
    (name: string) =>
    async ({ runId, stepName, error }: HookContext) => {
      using log = EventLog.open(projectFolder)
      const recorded = log.events(runId).flatMap((event) => ('step' in event && event.step === stepName ? [event.type] : []))
      called.push({ hook: `${name} ${stepName}`, error, recorded })
    }
  const nightly = job({ name: 'nightly', selection: '*', onSuccess: hook('success'), onFailure: hook('failure') })
  const result = await materialize(definitions({ assets, jobs: [nightly] }), { projectFolder, job: 'nightly', ...options })
  return { ...result, called }
}

const fails = (error: () => unknown) => (): never => {
  throw error()
}

test('a hook is called when the end of its step is durable, with what the step made', async () => {
  const { called } = await run([asset({ key: 'a', run: () => 1 }), asset({ key: 'b', run: fails(() => new Error('x')) })])
  expect(called.map(({ hook, recorded }) => [hook, recorded]).sort()).toEqual([
    ['failure b', ['STEP_START', 'STEP_FAILURE']],
    ['success a', ['STEP_START', 'ASSET_MATERIALIZATION', 'STEP_SUCCESS']],
  ])
})

test.each<[what: string, thrown: () => unknown, name: string, message: string]>([
  ['its own error', () => new RangeError('too many'), 'RangeError', 'too many'],
  ['a Failure', () => new Failure('no rows', { allowRetries: false }), 'Failure', 'no rows'],
  ['a text', () => 'only a text', 'Error', 'A value that is not an Error was thrown: only a text'],
  ['nothing', () => undefined, 'Error', 'A value that is not an Error was thrown: undefined'],
])('onFailure gets what the step threw: %s', async (_what, thrown, name, message) => {
  const { called } = await run([asset({ key: 'a', run: fails(thrown) })])
  expect(called).toMatchObject([{ hook: 'failure a', error: { name, message } }])
})

test('onFailure is called once, when no retry is left', async () => {
  let tries = 0
  const flaky = asset({ key: 'flaky', retryPolicy: retryPolicy({ maxRetries: 2 }), run: fails(() => new Error(`try ${tries++}`)) })
  const lucky = asset({
    key: 'lucky',
    retryPolicy: retryPolicy({ maxRetries: 2 }),
    run: ({ retryNumber }) => {
      if (retryNumber < 2) throw new Error('not yet')
    },
  })
  const given = asset({
    key: 'given_up',
    retryPolicy: retryPolicy({ maxRetries: 2 }),
    run: fails(() => new Failure('given up', { allowRetries: false })),
  })
  const { called } = await run([flaky, lucky, given])
  expect(called.map(({ hook, error }) => [hook, error?.message]).sort()).toEqual([
    ['failure flaky', 'try 2'],
    ['failure given_up', 'given up'],
    ['success lucky', undefined],
  ])
})

test('an inline blocking check that fails is a failure: not retried, with the metadata of one', async () => {
  const checked = asset({
    key: 'checked',
    retryPolicy: retryPolicy({ maxRetries: 2 }),
    checks: { big: { blocking: true } },
    run: () => materializeResult(1, { checks: { big: { passed: false } } }),
  })
  const { called, events } = await run([checked])
  expect(called).toMatchObject([{ hook: 'failure checked', error: { message: expect.stringContaining('[DAGMA_CHECKS_FAILED]') } }])
  expect(events.find(({ type }) => type === 'STEP_FAILURE')).toMatchObject({
    metadata: {
      event_type: { raw_value: 'failure' },
      status: { raw_value: 'failure' },
      retry_count: { raw_value: 0 },
      error_type: { raw_value: 'DAGMA_CHECKS_FAILED' },
      error_summary: { raw_value: expect.stringContaining('checked:big') },
    },
  })
})

test('no hook is called for a step that was canceled', async () => {
  const abort = new AbortController()
  const waiting = asset({
    key: 'a',
    run: ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
        abort.abort()
      }),
  })
  const { called, status } = await run([waiting], { signal: abort.signal })
  expect([status, called]).toEqual(['CANCELED', []])
})

test('a process that is killed in a hook loses nothing', () => {
  const folder = temporaryFolder()
  const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)
  const script = `
    import { asset } from ${module('../definitions/assets/asset.ts')}
    import { job } from ${module('../definitions/automation/job.ts')}
    import { definitions } from ${module('../definitions/definitions.ts')}
    import { materialize } from ${module('materialize.ts')}
    const a = asset({ key: 'a', run: () => 1 })
    const nightly = job({ name: 'nightly', selection: [a], onSuccess: () => process.kill(process.pid, 'SIGKILL') })
    await materialize(definitions({ assets: [a], jobs: [nightly] }), { job: 'nightly', projectFolder: process.argv[1] })`
  expect(spawnSync(process.execPath, ['--input-type=module', '-e', script, folder]).signal).toBe('SIGKILL')
  using log = EventLog.open(folder)
  const [killed] = log.runs(1)
  expect(log.events(killed?.runId ?? '').map(({ type }) => type)).toEqual([
    'RUN_START',
    'STEP_START',
    'ASSET_MATERIALIZATION',
    'STEP_SUCCESS',
    'RUN_FAILURE',
  ])
})
