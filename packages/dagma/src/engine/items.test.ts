import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { asset } from '../definitions/assets/asset.ts'
import { Failure } from '../definitions/assets/failure.ts'
import type { RunItems } from '../definitions/assets/items.ts'
import { retryPolicy } from '../definitions/assets/retry-policy.ts'
import { definitions } from '../definitions/definitions.ts'
import { staticPartitions } from '../definitions/partitions/partitions.ts'
import { dagmaError } from '../errors.ts'
import { ServiceError } from '../metadata/service-error.ts'
import { temporaryFolder } from '../test/temporary.ts'
import { EventLog } from './event-log.ts'
import { materialize, retryRun } from './materialize.ts'
import { pruneProject } from './prune-items.ts'
import type { MaterializeRun } from './run-options.ts'

const numbers = Array.from({ length: 100 }, (_, index) => index)
const key = (number: number): string => `n${number}`

/** The files below `.dagma/items`, as paths from there. */
function keptFiles(projectFolder: string): string[] {
  const folder = join(projectFolder, '.dagma', 'items')
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  )
}

function failureOf(run: MaterializeRun): string {
  return run.events.flatMap((event) => (event.type === 'STEP_FAILURE' ? [event.error.message] : []))[0] ?? ''
}

/** A project of one asset whose step is `work`, and each item that its function was called for. */
function project(work: (items: RunItems, call: (number: number) => number) => Promise<unknown>, options: object = {}) {
  const called: number[] = []
  const faults = new Map<number, Error>()
  const call = (number: number): number => {
    called.push(number)
    const fault = faults.get(number)
    if (fault !== undefined) throw fault
    return number * 2
  }
  const doubled = asset({ key: 'doubled', ...options, run: ({ items }) => work(items, call) })
  return { called, faults, definitions: definitions({ assets: [doubled] }), doubled }
}

const unauthorized = new ServiceError({
  system: 'Models',
  operation: 'generate text',
  method: 'POST',
  url: 'https://models.example.com',
  status: 401,
  reason: 'Unauthorized',
  hint: 'Check the key.',
})

describe('items()', () => {
  test('gives the results in the order of the list, with at most that many concurrent calls', async () => {
    let running = 0
    let most = 0
    const { definitions, doubled } = project((items) =>
      items(numbers, { key, concurrency: 5 }, async (number) => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setTimeout(resolve, (number * 7) % 5))
        running--
        return { number, at: new Date(number) }
      }),
    )
    const projectFolder = temporaryFolder()
    const run = await materialize(definitions, { projectFolder })
    expect(await run.load(doubled)).toEqual(numbers.map((number) => ({ number, at: new Date(number).toISOString() })))
    expect(most).toBe(5)
    expect(keptFiles(projectFolder)).toEqual([])
  })

  test('calls a function with a batch, which returns as many results, or nothing', async () => {
    const sizes: number[] = []
    const { definitions, doubled } = project(async (items) => {
      const doubles = await items(numbers, { key, batch: 30, concurrency: 1 }, (batch) => {
        sizes.push(batch.length)
        return batch.map((number) => number * 2)
      })
      return [doubles, await items(numbers, { key, batch: 30, name: 'load' }, () => {})]
    })
    const run = await materialize(definitions, { projectFolder: temporaryFolder() })
    expect(await run.load(doubled)).toEqual([numbers.map((number) => number * 2), numbers.map(() => null)])
    expect(sizes).toEqual([30, 30, 30, 10])
  })

  test('an item that fails stops no other; the retry of the step, and that of the run, only take what is missing', async () => {
    const { called, faults, definitions, doubled } = project((items, call) => items(numbers, { key }, call), {
      retryPolicy: retryPolicy({ maxRetries: 1 }),
    })
    for (const number of [3, 50, 97]) faults.set(number, new Error(`no ${number}`))
    const projectFolder = temporaryFolder()
    const failed = await materialize(definitions, { projectFolder })
    expect(failureOf(failed)).toMatchInlineSnapshot(
      `"Step "doubled" failed: 3 of 100 items failed: "n3", "n50", "n97". Fix the error below. [DAGMA_STEP_FAILED]"`,
    )
    expect(failed.events.find(({ type }) => type === 'STEP_FAILURE')).toMatchObject({ error: { cause: { cause: { message: 'no 3' } } } })
    expect(called.splice(0).toSorted((a, b) => a - b)).toEqual([...numbers, 3, 50, 97].toSorted((a, b) => a - b))
    faults.clear()
    const retried = await retryRun(definitions, failed.runId, { projectFolder })
    expect([retried.status, called.splice(0)]).toEqual(['SUCCESS', [3, 50, 97]])
    expect(await retried.load(doubled)).toEqual(numbers.map((number) => number * 2))
    expect(keptFiles(projectFolder)).toEqual([])
    await materialize(definitions, { projectFolder })
    expect(called).toHaveLength(100)
  })

  test('a retry of a retry takes what both have kept, and torn lines are left out', async () => {
    const { called, faults, definitions } = project((items, call) => items(numbers, { key }, call))
    const projectFolder = temporaryFolder()
    faults.set(7, new Error('no'))
    faults.set(8, new Error('no'))
    const first = await materialize(definitions, { projectFolder })
    faults.delete(8)
    const second = await retryRun(definitions, first.runId, { projectFolder })
    for (const file of keptFiles(projectFolder)) {
      const text = readFileSync(file, 'utf8')
      writeFileSync(file, text.slice(0, -3)) // in the middle of its last line
    }
    faults.clear()
    called.splice(0)
    const third = await retryRun(definitions, second.runId, { projectFolder })
    expect([third.status, called]).toEqual(['SUCCESS', [7, 8, 99]])
    expect(keptFiles(projectFolder)).toEqual([])
  })

  test('what an attempt appends behind a torn line is whole', async () => {
    const projectFolder = temporaryFolder()
    let attempts = 0
    const { called, faults, definitions } = project(
      (items, call) => {
        if (++attempts === 2) for (const file of keptFiles(projectFolder)) appendFileSync(file, '["n3",')
        if (attempts > 1) faults.delete(attempts + 1)
        return items(numbers, { key }, call)
      },
      { retryPolicy: retryPolicy({ maxRetries: 2 }) },
    )
    for (const number of [3, 4]) faults.set(number, new Error('no'))
    expect(await materialize(definitions, { projectFolder })).toMatchObject({ status: 'SUCCESS' })
    expect(called).toEqual([...numbers, 3, 4, 4])
  })

  test('a new run starts afresh, unless the call says otherwise', async () => {
    for (const acrossRuns of [false, true]) {
      const { called, faults, definitions } = project((items, call) => items(numbers, { key, acrossRuns }, call))
      const projectFolder = temporaryFolder()
      faults.set(3, new Error('no'))
      await materialize(definitions, { projectFolder })
      faults.clear()
      called.splice(0)
      await materialize(definitions, { projectFolder })
      expect(called).toEqual(acrossRuns ? [3] : numbers)
      expect(keptFiles(projectFolder)).toHaveLength(acrossRuns ? 0 : 1)
    }
  })

  test('what a run has kept goes when it is pruned, and what runs in Dagster have kept when it is old', async () => {
    const { faults, definitions } = project((items, call) => items(numbers, { key }, call))
    const projectFolder = temporaryFolder()
    faults.set(3, new Error('no'))
    for (let run = 0; run < 3; run++) await materialize(definitions, { projectFolder })
    const [pruned = '', , newest = ''] = keptFiles(projectFolder).toSorted((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs)
    const folder = dirname(pruned)
    const [ofDagster, old] = [join(folder, 'of-dagster.jsonl'), join(folder, 'old.jsonl')]
    for (const file of [ofDagster, old]) writeFileSync(file, '')
    utimesSync(old, new Date(0), new Date(0))
    utimesSync(ofDagster, new Date(), new Date(Date.now() + 3_600_000))
    using log = EventLog.openExisting(projectFolder)
    pruneProject(projectFolder, log, { keepNewest: 1, endedBefore: Date.now() + 1 })
    expect(keptFiles(projectFolder).toSorted()).toEqual([ofDagster, newest].toSorted())
  })

  test('a canceled run keeps what its items gave', async () => {
    const cancel = new AbortController()
    const { called, definitions } = project((items, call) =>
      items(numbers, { key, concurrency: 2 }, async (number) => {
        if (number === 50) cancel.abort()
        return call(number)
      }),
    )
    const projectFolder = temporaryFolder()
    const canceled = await materialize(definitions, { projectFolder, signal: cancel.signal })
    const first = called.splice(0)
    const retried = await retryRun(definitions, canceled.runId, { projectFolder })
    expect([canceled.status, retried.status]).toEqual(['CANCELED', 'SUCCESS'])
    expect([...first, ...called]).toEqual(numbers)
  })

  test('a function that never pauses does not keep the time limit from ending the step', async () => {
    const { definitions } = project(
      (items) =>
        items(numbers, { key }, () => {
          for (const end = performance.now() + 20; performance.now() < end; );
        }),
      { timeoutSeconds: 0.3 },
    )
    const run = await materialize(definitions, { projectFolder: temporaryFolder() })
    expect(failureOf(run)).toContain('did not finish within 0.3 s. ')
  })

  test.each([
    ['a spent budget', dagmaError('DAGMA_PRICE_MISSING', { model: 'm', of: 'asset "doubled"' }), 'model "m" has no known price'],
    ['a key that is not accepted', unauthorized, 'answered 401: Unauthorized.'],
  ])('%s stops the others with its own error, and the next run continues', async (_, error, text) => {
    const { called, faults, definitions } = project((items, call) => items(numbers, { key, concurrency: 1 }, call))
    const projectFolder = temporaryFolder()
    faults.set(60, error)
    const stopped = await materialize(definitions, { projectFolder })
    expect(failureOf(stopped)).toContain(text)
    expect(called.splice(0)).toEqual(numbers.slice(0, 61))
    faults.clear()
    await retryRun(definitions, stopped.runId, { projectFolder })
    expect(called).toEqual(numbers.slice(60))
  })

  test('items that all failed for good are not retried', async () => {
    const { called, faults, definitions } = project((items, call) => items(numbers, { key }, call), {
      retryPolicy: retryPolicy({ maxRetries: 1 }),
    })
    faults.set(1, new Failure('bad row', { allowRetries: false }))
    await materialize(definitions, { projectFolder: temporaryFolder() })
    expect(called).toEqual(numbers)
    faults.set(2, new Error('offline'))
    await materialize(definitions, { projectFolder: temporaryFolder() })
    expect(called.slice(200)).toEqual([1, 2])
  })

  test.each<[string, (items: RunItems) => Promise<unknown>, string]>([
    ['two alike keys', (items) => items([1, 2, 1], { key }, () => 1), 'items 0 and 2 have the same key "n1"'],
    ['a key that is a number', (items) => items([1], { key: (one) => one as never }, () => 1), 'the key of item 0 is not text'],
    ['no concurrency', (items) => items([1], { key, concurrency: 0 }, () => 1), 'concurrency is 0'],
    ['half a batch', (items) => items([1], { key, batch: 1.5 }, () => [1]), 'batch is 1.5'],
    [
      'two calls of one name',
      async (items) => [await items([1], { key }, () => 1), await items([1], { key }, () => 1)],
      'two calls in this step have the name "items"',
    ],
  ])('refuses %s', async (_, work, reason) => {
    const { definitions } = project(work)
    const run = await materialize(definitions, { projectFolder: temporaryFolder() })
    expect(failureOf(run)).toContain(`items() cannot run: ${reason}.`)
  })

  test.each<[string, (items: RunItems) => Promise<unknown>, string]>([
    [
      'what JSON would lose',
      (items) => items([1], { key }, () => Number.NaN),
      'The result of item "n1" cannot be stored as JSON: it is NaN.',
    ],
    ['fewer results than items', (items) => items([1, 2], { key, batch: 2 }, () => [1]), 'its function returned 1 results for 2 items'],
    ['no list', (items) => items([1, 2], { key, batch: 2 }, () => 'ab' as never), 'its function returned no list for 2 items'],
  ])('an item fails with %s', async (_, work, reason) => {
    const { definitions } = project(work)
    const run = await materialize(definitions, { projectFolder: temporaryFolder() })
    expect(failureOf(run)).toMatch(/failed: [12] of [12] items failed/)
    expect(run.events.flatMap((event) => (event.type === 'LOG' ? [event.message] : [])).join()).toContain(reason)
  })

  test('in a run of several partitions, each has its own items, and its own progress', async () => {
    const called: string[] = []
    let fails = true
    const loaded = asset({
      key: 'loaded',
      partitions: staticPartitions(['a', 'b']),
      backfillPolicy: 'single-run',
      run: ({ items, partitionKey }) =>
        items(numbers, { key }, (number) => {
          called.push(`${partitionKey}${number}`)
          if (fails && partitionKey === 'b' && number === 9) throw new Error('no')
        }),
    })
    const defs = definitions({ assets: [loaded] })
    const projectFolder = temporaryFolder()
    const failed = await materialize(defs, { projectFolder, partitionKeyRange: { start: 'a', end: 'b' } })
    const progress = failed.events.flatMap((event) => (event.type === 'ITEMS_PROGRESS' && event.partition === 'b' ? [event] : []))
    expect(progress.map(({ done, failed, all }) => [done, failed, all])).toEqual(
      [10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map((ended) => [ended - 1, 1, 100]),
    )
    expect(keptFiles(projectFolder).map((file) => file.includes('/loaded/b@/'))).toEqual([true])
    fails = false
    called.splice(0)
    await retryRun(defs, failed.runId, { projectFolder })
    expect(called).toEqual(['b9'])
    expect(keptFiles(projectFolder)).toEqual([])
  })

  test('refuses a name that holds a known secret, as a folder would have it', async () => {
    process.env.ITEMS_TEST_TOKEN = 'items-secret-value-1'
    const { definitions } = project((items, call) => items(numbers, { key, name: `of ${process.env.ITEMS_TEST_TOKEN}` }, call))
    const projectFolder = temporaryFolder()
    const failure = failureOf(await materialize(definitions, { projectFolder }))
    delete process.env.ITEMS_TEST_TOKEN
    expect(failure).toMatch(/ITEMS_TEST_TOKEN, is in the name of a call of items\(\).*\[DAGMA_SECRET_IN_DEFINITIONS\]/)
    expect(existsSync(join(projectFolder, '.dagma', 'items'))).toBe(false)
  })

  test('types: results as JSON gives them back, and what cannot be stored does not compile', () => {
    const check = async (items: RunItems): Promise<void> => {
      expectTypeOf(await items([1], { key }, async (number) => ({ number, at: new Date() }))).toEqualTypeOf<
        { number: number; at: string }[]
      >()
      expectTypeOf(await items([1], { key, batch: 2 }, (all) => all.map(String))).toEqualTypeOf<string[]>()
      expectTypeOf(await items([1], { key, batch: 2 }, async () => {})).toEqualTypeOf<null[]>()
      // @ts-expect-error
      await items([1], { key }, () => new Map())
      // @ts-expect-error
      await items([1], { key, batch: 2 }, (all) => all.map(() => new Map()))
    }
    expect(check).toBeTypeOf('function')
  })
})
