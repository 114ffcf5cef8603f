import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Asset, asset } from '../definitions/assets/asset.ts'
import { definitions } from '../definitions/definitions.ts'
import { resource } from '../definitions/resource.ts'
import { systemClock } from '../runtime/clock.ts'
import { jsonFileIOManager } from '../runtime/values/json-file-io-manager.ts'
import { KeptItems } from '../runtime/values/kept-items.ts'
import { Values } from '../runtime/values/values.ts'
import { temporaryFolder, thrownBy } from '../test/temporary.ts'
import { EventLog } from './event-log.ts'
import type { RunEvent } from './events.ts'
import { executeRun } from './execute-run.ts'
import { planRun } from './plan.ts'
import type { ExecuteOptions } from './run-scope.ts'

/** Runs these assets in its own project. */
async function execute(assets: readonly Asset[], options: Partial<ExecuteOptions> = {}) {
  const folder = options.projectFolder ?? temporaryFolder()
  const all = options.definitions ?? definitions({ assets })
  using eventLog = EventLog.open(folder)
  const received: RunEvent[] = []
  const request = { assetKeys: [...all.assets.keys()], kind: 'materialize', partitionKey: undefined, config: {} } as const
  const steps = await planRun(all, request, { now: new Date() })
  const result = await executeRun({
    definitions: all,
    start: {
      runId: randomUUID(),
      jobName: null,
      steps: steps.map(({ step }) => step.name),
      assetKeys: request.assetKeys,
      partitionKey: null,
      partitionKeyRange: null,
      tags: {},
      config: {},
      parentRunId: null,
    },
    job: undefined,
    items: new KeptItems(folder, { runId: '', retriedRunIds: [], sync: false }),
    steps,
    eventLog,
    values: new Values(all, jsonFileIOManager(folder)),
    projectFolder: folder,
    clock: systemClock,
    concurrency: 10,
    signal: new AbortController().signal,
    onEvent: (event) => received.push(event),
    ...options,
  })
  return { ...result, folder, received, events: eventLog.events(result.runId), run: eventLog.run(result.runId) }
}

const brief = (events: readonly RunEvent[]) =>
  events.map((event) => `${event.type}${'step' in event ? ` ${event.step}` : ''}${'because' in event ? ` (${event.because})` : ''}`)

const fails = (): never => {
  throw new Error('broken')
}

describe('executeRun', () => {
  test('records what happened, in order, and tells it as recorded', async () => {
    const a = asset({ key: 'a', run: ({ log }) => log.info('hello') })
    const b = asset({ key: 'b', inputs: { a }, run: () => 1 })
    const { status, events, received, run } = await execute([b, a])
    expect(status).toBe('SUCCESS')
    expect(brief(events)).toMatchInlineSnapshot(`
      [
        "RUN_START",
        "STEP_START a",
        "LOG a",
        "ASSET_MATERIALIZATION a",
        "STEP_SUCCESS a",
        "STEP_START b",
        "ASSET_MATERIALIZATION b",
        "STEP_SUCCESS b",
        "RUN_SUCCESS",
      ]
    `)
    expect(received).toEqual(events)
    expect(run).toMatchObject({ status: 'SUCCESS', jobName: null, steps: ['a', 'b'], assetKeys: ['a', 'b'], endTime: expect.any(Number) })
  })

  test('a failed step skips what comes after it, once, and nothing else', async () => {
    const a = asset({ key: 'a', run: fails })
    const b = asset({ key: 'b', deps: [a], run: () => 1 })
    const c = asset({ key: 'c', deps: [a], run: () => 1 })
    const d = asset({ key: 'd', deps: [b, c], run: () => 1 })
    const apart = asset({ key: 'apart', run: () => 1 })
    const after = asset({ key: 'after', deps: [apart], run: () => 1 })
    const { status, events } = await execute([a, b, c, d, apart, after])
    expect(status).toBe('FAILURE')
    expect(
      brief(events)
        .filter((event) => /SKIPPED|SUCCESS|FAILURE/.test(event))
        .sort(),
    ).toEqual([
      'RUN_FAILURE',
      'STEP_FAILURE a',
      'STEP_SKIPPED b (a)',
      'STEP_SKIPPED c (a)',
      'STEP_SKIPPED d (b)',
      'STEP_SUCCESS after',
      'STEP_SUCCESS apart',
    ])
    expect(events.at(-1)).toMatchObject({ message: 'Steps failed: a.' })
  })

  test('what must not wait does not: a step starts while another of the same rank still runs', async () => {
    const order: string[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    const slow = asset({ key: 'slow', run: () => promise })
    const quick = asset({ key: 'quick', run: () => 1 })
    const next = asset({
      key: 'next',
      deps: [quick],
      run: () => {
        order.push('next')
        resolve()
      },
    })
    const { status } = await execute([slow, quick, next])
    expect(status).toBe('SUCCESS')
    expect(order).toEqual(['next'])
  })

  test.each([1, 2, 3, 10])('never more than %i concurrently', async (concurrency) => {
    let now = 0
    let most = 0
    const assets = Array.from({ length: 12 }, (_, index) =>
      asset({
        key: `a${index}`,
        run: async () => {
          most = Math.max(most, ++now)
          await new Promise((resolve) => setImmediate(resolve))
          now--
        },
      }),
    )
    await execute(assets, { concurrency })
    expect(most).toBe(concurrency)
  })

  test.each([0, -1, Number.NaN])('a concurrency of %d is refused, since nothing would run', async (concurrency) => {
    const folder = temporaryFolder()
    expect(await thrownBy(() => execute([asset({ key: 'a', run: () => 1 })], { concurrency, projectFolder: folder }))).toMatchObject({
      code: 'DAGMA_OPTION_INVALID',
    })
    using log = EventLog.open(folder)
    expect(log.runs(10)).toEqual([])
  })

  test('canceled: running steps are aborted, waiting steps do not start, the run is CANCELED', async () => {
    const abort = new AbortController()
    let heard = false
    const running = asset({
      key: 'running',
      run: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            heard = true
            reject(signal.reason)
          })
          abort.abort()
        }),
    })
    const after = asset({ key: 'after', deps: [running], run: fails })
    const waiting = asset({ key: 'waiting', run: fails })
    const { status, events, run } = await execute([running, after, waiting], { signal: abort.signal, concurrency: 1 })
    expect(status).toBe('CANCELED')
    expect(heard).toBe(true)
    expect(run.status).toBe('CANCELED')
    expect(brief(events)).toEqual([
      'RUN_START',
      'STEP_START running',
      'STEP_FAILURE running',
      'STEP_SKIPPED after (running)',
      'RUN_CANCELED',
    ])
    expect(events[2]).toMatchObject({ error: { message: expect.stringContaining('[DAGMA_CANCELED]') } })
  })

  test('canceled before it began', async () => {
    const { status, events } = await execute([asset({ key: 'a', run: fails })], { signal: AbortSignal.abort() })
    expect(status).toBe('CANCELED')
    expect(brief(events)).toEqual(['RUN_START', 'RUN_CANCELED'])
  })

  test('resources open once for the run and close at its end, also when a step fails; a close that fails is logged', async () => {
    const received: string[] = []
    const connection = resource<object, { query: () => number }>({
      open: (_, { runId }) => {
        received.push(`open ${runId.length}`)
        return { query: () => received.push('query') }
      },
      close: () => {
        received.push('close')
        throw new Error('lost')
      },
    })
    const a = asset({ key: 'a', resources: { db: connection }, run: ({ resources }) => resources.db.query() })
    const b = asset({ key: 'b', resources: { db: connection }, deps: [a], run: fails })
    const { status, events } = await execute([], { definitions: definitions({ assets: [a, b], resources: { db: connection({}) } }) })
    expect(status).toBe('FAILURE')
    expect(received).toEqual(['open 36', 'query', 'close'])
    expect(events.at(-2)).toMatchObject({
      type: 'LOG',
      step: 'resources',
      level: 'warning',
      message: 'A resource could not be closed: lost',
    })
  })

  test('a listener that throws does not touch the run, and is heard when it is over', async () => {
    const folder = temporaryFolder()
    const listening = execute([asset({ key: 'a', run: ({ log }) => log.info('x') })], {
      projectFolder: folder,
      onEvent: ({ type }) => {
        throw new Error(`listener at ${type}`)
      },
    })
    expect((await thrownBy(() => listening)).message).toBe('listener at RUN_START')
    using log = EventLog.open(folder)
    expect(log.runs(1)).toMatchObject([{ status: 'SUCCESS' }])
  })

  test('when the event log cannot be written, the run ends, and nothing of it stays behind', async () => {
    const folder = temporaryFolder()
    let closed = false
    const held = resource<object, object>({
      open: () => ({}),
      close: () => {
        closed = true
      },
    })
    const a = asset({ key: 'a', resources: { held }, run: () => 1 })
    const all = definitions({ assets: [a], resources: { held: held({}) } })
    using eventLog = EventLog.open(folder)
    const append = eventLog.append.bind(eventLog)
    eventLog.append = (runId, bodies) => {
      if (bodies.some(({ type }) => type === 'STEP_SUCCESS')) throw new Error('disk is full')
      return append(runId, bodies)
    }
    expect((await thrownBy(() => execute([], { definitions: all, eventLog, projectFolder: folder }))).message).toBe('disk is full')
    expect(closed).toBe(true)
    expect(eventLog.runs(1)).toMatchObject([{ status: 'FAILURE' }])
    expect(eventLog.events(eventLog.runs(1)[0]?.runId ?? '').at(-1)).toMatchObject({ message: 'The run was aborted by an internal error.' })
  })

  test('when the end of the run cannot be written either, it is by who opens the log next in this process', async () => {
    const folder = temporaryFolder()
    using eventLog = EventLog.open(folder)
    eventLog.endRun = () => {
      throw new Error('disk is full')
    }
    const all = definitions({ assets: [asset({ key: 'a', run: () => 1 })] })
    expect((await thrownBy(() => execute([], { definitions: all, eventLog, projectFolder: folder }))).message).toBe('disk is full')
    expect(eventLog.runs(1)).toMatchObject([{ status: 'STARTED' }])
    using opened = EventLog.open(folder)
    expect(opened.runs(1)).toMatchObject([{ status: 'FAILURE' }])
    expect(opened.events(opened.runs(1)[0]?.runId ?? '').at(-1)).toMatchObject({ message: 'The run was aborted by an internal error.' })
  })

  test('a listener that rejects does not end the process, and its error is thrown when the run is over', async () => {
    const folder = temporaryFolder()
    const listening = execute([asset({ key: 'a', run: () => 1 })], {
      projectFolder: folder,
      onEvent: async ({ type }) => {
        throw new Error(`listener at ${type}`)
      },
    })
    expect((await thrownBy(() => listening)).message).toBe('listener at RUN_START')
    using log = EventLog.open(folder)
    expect(log.runs(1)).toMatchObject([{ status: 'SUCCESS' }])
  })

  test('a run that was aborted by an internal error starts nothing more', async () => {
    const folder = temporaryFolder()
    using eventLog = EventLog.open(folder)
    const append = eventLog.append.bind(eventLog)
    const held = Promise.withResolvers<void>()
    eventLog.append = (runId, bodies, times) => {
      if (bodies.some((body) => body.type === 'STEP_SUCCESS' && body.step === 'a')) {
        held.resolve()
        throw new Error('disk is full')
      }
      return append(runId, bodies, times)
    }
    const ran: string[] = []
    const step = (key: string, work: () => unknown) =>
      asset({
        key,
        run: async () => {
          ran.push(key)
          await work()
        },
      })
    const a = step('a', () => 1)
    // Ends after the run was aborted: there is room for `waiting` then, and `after` is ready.
    const b = step('b', () => held.promise.then(() => new Promise((resolve) => setImmediate(resolve))))
    const waiting = step('waiting', () => 1)
    const definitionsOfAll = definitions({ assets: [a, b, waiting, asset({ key: 'after', deps: [b], run: () => ran.push('after') })] })
    const running = execute([], { definitions: definitionsOfAll, eventLog, projectFolder: folder, concurrency: 2 })
    expect((await thrownBy(() => running)).message).toBe('disk is full')
    expect(ran).toEqual(['a', 'b'])
  })

  test('an event log that is deleted while the run is going on fails the run', async () => {
    const folder = temporaryFolder()
    const a = asset({ key: 'a', run: () => rmSync(join(folder, '.dagma'), { recursive: true }) })
    const b = asset({ key: 'b', deps: [a], run: () => 1 })
    expect(await thrownBy(() => execute([a, b], { projectFolder: folder }))).toMatchObject({
      code: 'DAGMA_EVENT_LOG_UNWRITABLE',
      message: expect.stringContaining('deleted or replaced while in use'),
    })
  })

  test('times are those of the run’s clock, and never go back when it does', async () => {
    const times = [5000, 4000, 9000, 1000]
    const clock = { ...systemClock, now: () => new Date(times.shift() ?? 2000) }
    const { run, events } = await execute([asset({ key: 'a', run: () => 1 })], { clock })
    expect(run).toMatchObject({ startTime: 5000, endTime: 9000 })
    const ofEvents = events.map(({ time }) => time)
    expect(ofEvents).toEqual([...ofEvents].sort((a, b) => a - b))
    expect(new Set(ofEvents)).toEqual(new Set([5000, 9000]))
  })

  test('a chain of 20,000 assets whose first one fails is skipped as a whole', async () => {
    const assets: Asset[] = []
    for (let n = 0; n < 20_000; n++)
      assets.push(asset({ key: `a${n}`, deps: n === 0 ? [] : [`a${n - 1}`], run: n === 0 ? fails : () => 1 }))
    const { events } = await execute(assets.reverse())
    expect(events.filter(({ type }) => type === 'STEP_SKIPPED')).toHaveLength(19_999)
  })
})

/** A random graph: for each asset, which earlier ones it needs and what it does. */
const graph = fc.array(fc.record({ needs: fc.array(fc.nat(), { maxLength: 3 }), fails: fc.boolean(), turns: fc.nat(3) }), {
  minLength: 1,
  maxLength: 14,
})

test('in any graph each step runs after those before it, exactly once, and is skipped if and only if one before it did not succeed', async () => {
  await fc.assert(
    fc.asyncProperty(graph, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }), async (nodes, concurrency, failing) => {
      const ran: string[] = []
      const finished = new Set<string>()
      const upstream = nodes.map(({ needs }, index) => [
        ...new Set(needs.map((need) => need % (index + 1)).filter((need) => need !== index)),
      ])
      const assets = nodes.map((node, index) =>
        asset({
          key: `a${index}`,
          deps: (upstream[index] ?? []).map((need) => `a${need}`),
          run: async () => {
            for (const need of upstream[index] ?? []) if (!finished.has(`a${need}`)) throw new Error('too early')
            ran.push(`a${index}`)
            for (let turn = 0; turn < node.turns; turn++) await new Promise((resolve) => setImmediate(resolve))
            if (node.fails && index % failing === 0) throw new Error('broken')
            finished.add(`a${index}`)
          },
        }),
      )
      const { events, status } = await execute(assets, { concurrency })
      const good = new Set<number>()
      const blocked = new Set<number>()
      for (const [index, node] of nodes.entries()) {
        if (upstream[index]?.some((need) => !good.has(need))) blocked.add(index)
        else if (!(node.fails && index % failing === 0)) good.add(index)
      }
      const keysOf = (type: RunEvent['type']) =>
        events.flatMap((event) => (event.type === type && 'step' in event ? [event.step] : [])).sort()
      const named = (indices: Iterable<number>) => [...indices].map((index) => `a${index}`).sort()
      expect(keysOf('STEP_SKIPPED')).toEqual(named(blocked))
      expect(keysOf('STEP_SUCCESS')).toEqual(named(good))
      expect(keysOf('STEP_START')).toEqual([...ran].sort())
      expect(new Set(ran).size).toBe(ran.length)
      expect(keysOf('STEP_FAILURE')).toHaveLength(nodes.length - good.size - blocked.size)
      expect(status).toBe(good.size === nodes.length ? 'SUCCESS' : 'FAILURE')
    }),
    { numRuns: 30 },
  )
})
