/** Canceling a run and a step's time limit reach everything that a step waits for, also what does not listen. */
import { describe, expect, test, vi } from 'vitest'
import { noStorage } from '../../../../tests/support/resource-context.ts'
import { type Asset, asset } from '../definitions/assets/asset.ts'
import type { IOManager } from '../definitions/assets/io-manager.ts'
import type { StepLog } from '../definitions/assets/step-log.ts'
import { job } from '../definitions/automation/job.ts'
import { definitions } from '../definitions/definitions.ts'
import { resource } from '../definitions/resource.ts'
import { RunResources } from '../runtime/step/run-resources.ts'
import { runStep } from '../runtime/step/step-runner.ts'
import { temporaryFolder } from '../test/temporary.ts'
import type { RunEvent } from './events.ts'
import { materialize } from './materialize.ts'

const never = (): Promise<never> => new Promise(() => {})
const stuck = resource<object, object>({ open: never })
const stored = asset({ key: 'stored', ioManager: 'stuck', run: () => 1 })
const schema = { '~standard': { version: 1 as const, vendor: 'test', validate: never } }

/** IO managers that never answer, and give their signals away. */
function stuckManager(signals: AbortSignal[]): IOManager {
  const wait = ({ signal }: { signal: AbortSignal }): Promise<never> => {
    signals.push(signal)
    return never()
  }
  return { handleOutput: wait, loadInput: wait }
}

const places: readonly (readonly [what: string, make: (timeoutSeconds?: number) => Asset])[] = [
  ['opening a resource', (timeoutSeconds) => asset({ key: 'a', resources: { stuck }, ...limit(timeoutSeconds), run: () => 1 })],
  ['loading an input', (timeoutSeconds) => asset({ key: 'a', inputs: { stored }, ...limit(timeoutSeconds), run: () => 1 })],
  ['storing the value', (timeoutSeconds) => asset({ key: 'a', ioManager: 'stuck', ...limit(timeoutSeconds), run: () => 1 })],
  ['the function', (timeoutSeconds) => asset({ key: 'a', ...limit(timeoutSeconds), run: never })],
]

const limit = (timeoutSeconds: number | undefined) => (timeoutSeconds === undefined ? {} : { timeoutSeconds })

function project(a: Asset, signals: AbortSignal[] = []) {
  return definitions({ assets: [stored, a], resources: { stuck: stuck({}) }, ioManagers: { stuck: stuckManager(signals) } })
}

const failureOf = (events: readonly RunEvent[]) => events.flatMap((event) => (event.type === 'STEP_FAILURE' ? [event.error.message] : []))

// A resource that never opens keeps a run for ten real seconds after its end: all of them at the same time.
describe('a step that waits forever', () => {
  test('wherever it does: its time limit ends it, and so does canceling the run', async () => {
    const timedOut = async (what: string, make: (typeof places)[number][1]): Promise<void> => {
      const signals: AbortSignal[] = []
      const ended = await materialize(project(make(0.05), signals), { projectFolder: temporaryFolder(), selection: 'a' })
      expect([what, ended.status, failureOf(ended.events)]).toEqual([
        what,
        'FAILURE',
        [expect.stringContaining('Step "a" did not finish within 0.05 s. ')],
      ])
      expect(signals.map(({ aborted }) => aborted)).toEqual(/input|value/.test(what) ? [true] : [])
    }
    const canceled = async (make: (typeof places)[number][1]): Promise<void> => {
      const abort = new AbortController()
      const onEvent = ({ type }: RunEvent): void => {
        if (type === 'STEP_START') setImmediate(() => abort.abort())
      }
      const options = { projectFolder: temporaryFolder(), selection: 'a', signal: abort.signal, onEvent }
      const ended = await materialize(project(make()), options)
      expect([ended.status, failureOf(ended.events)]).toEqual(['CANCELED', [expect.stringContaining('DAGMA_CANCELED')]])
    }
    await Promise.all(places.flatMap(([what, make]) => [timedOut(what, make), canceled(make)]))
  })
})

test('a schema of config that never answers is waited for until the time limit', async () => {
  const { step } = asset({ key: 'a', config: schema, timeoutSeconds: 0.05, run: () => 1 })
  const { signal } = new AbortController()
  const outcome = await runStep(step, { signal, retryNumber: 0, config: {} } as never)
  expect(outcome).toMatchObject({ status: 'failure', error: { message: expect.stringContaining('DAGMA_TIMEOUT') } })
})

describe('a hook that waits forever', () => {
  const heard: string[] = []
  const hanging = (key: string, timeoutSeconds?: number) => {
    const a = asset({ key, ...limit(timeoutSeconds), run: () => 1 })
    const onSuccess = ({ signal }: { signal: AbortSignal }): Promise<never> => {
      signal.addEventListener('abort', () => heard.push(key))
      return never()
    }
    return definitions({ assets: [a], jobs: [job({ name: 'nightly', selection: [a], onSuccess })] })
  }

  test('has the time limit of its step, and the step stays a success', async () => {
    const run = await materialize(hanging('limited', 0.1), { projectFolder: temporaryFolder(), job: 'nightly' })
    expect(run.status).toBe('SUCCESS')
    expect(run.events.filter(({ type }) => type === 'LOG')).toMatchObject([
      { level: 'error', message: 'A hook of job "nightly" failed: Step "limited" did not finish within 0.1 s.' },
    ])
    expect(heard).toContain('limited')
  })

  test('ends with the run that is canceled', async () => {
    const abort = new AbortController()
    const onEvent = ({ type }: RunEvent): void => {
      if (type === 'STEP_SUCCESS') setImmediate(() => abort.abort())
    }
    const run = await materialize(hanging('free'), { projectFolder: temporaryFolder(), job: 'nightly', signal: abort.signal, onEvent })
    expect(run.status).toBe('CANCELED')
    expect(heard).toContain('free')
  })
})

test('ten seconds after a run’s end, however it ended, resources that do not open or close are left behind, with their names', async () => {
  const warnings: string[] = []
  const log = { warning: (message: string) => void warnings.push(message) } as StepLog
  const closing = resource<object, object>({ open: () => ({}), close: never })
  const closes = resource<object, object>({ open: () => ({}) })
  const bound = new Map([
    ['first', closing({})],
    ['second', closing({})],
    ['well', closes({})],
  ])
  const resources = new RunResources(bound, {
    runId: 'r',
    projectFolder: '/',
    log,
    signal: new AbortController().signal,
    storage: noStorage,
  })
  await resources.clients(['first', 'second', 'well'])
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const closed = resources.close()
    await vi.advanceTimersByTimeAsync(9_999)
    expect(warnings).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    await closed
  } finally {
    vi.useRealTimers()
  }
  expect(warnings).toEqual(['Resources did not open or close within 10 s, and were abandoned: first, second.'])
})

test('a function that never pauses is failed when it has ended', async () => {
  const busy = asset({
    key: 'busy',
    timeoutSeconds: 0.02,
    run: () => {
      for (const end = performance.now() + 60; performance.now() < end; );
      return 1
    },
  })
  const run = await materialize(definitions({ assets: [busy] }), { projectFolder: temporaryFolder() })
  expect(run.status).toBe('FAILURE')
  expect(failureOf(run.events)).toEqual([
    'Step "busy" did not finish within 0.02 s, and could not be stopped because it never yielded to the event loop. Raise timeoutSeconds or make the step faster. Pass its signal to the calls that it awaits, and await inside long loops. [DAGMA_TIMEOUT]',
  ])
  expect(run.materializations.size).toBe(0)
})
