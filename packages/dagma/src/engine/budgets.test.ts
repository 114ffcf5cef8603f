import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { modelPrices, startModelCall } from '../author.ts'
import { asset } from '../definitions/assets/asset.ts'
import type { Budget } from '../definitions/assets/budget.ts'
import { retryPolicy } from '../definitions/assets/retry-policy.ts'
import { job } from '../definitions/automation/job.ts'
import { definitions } from '../definitions/definitions.ts'
import { staticPartitions } from '../definitions/partitions/partitions.ts'
import { SpendLedger } from '../runtime/spending/ledger.ts'
import { temporaryFolder, thrownBy } from '../test/temporary.ts'
import { materialize, retryRun } from './materialize.ts'
import type { MaterializeRun } from './run-options.ts'

const price = { input: 1_000_000 } // one for each token

/** Calls of a model, each of this many tokens, one after the other; counts those that were made. */
function caller(tokens = 1) {
  const made = { calls: 0 }
  const call = async (priced = true): Promise<void> => {
    const end = startModelCall('m', priced ? price : undefined)
    made.calls++
    await new Promise(setImmediate)
    end({ inputTokens: tokens, outputTokens: 0, isCounted: true })
  }
  return { made, call }
}

const failures = (run: MaterializeRun) => run.events.flatMap((event) => (event.type === 'STEP_FAILURE' ? [event] : []))

/** A project of one asset that makes these many calls, with budgets. */
function project(budgets: { asset?: Budget; job?: Budget; all?: Budget }, calls: number, parallel = 1) {
  const { made, call } = caller()
  const work = async () => {
    for (let index = 0; index < calls; index += parallel)
      await Promise.all(Array.from({ length: Math.min(parallel, calls - index) }, () => call()))
    return 1
  }
  const a = asset({ key: 'a', run: work, ...(budgets.asset && { budget: budgets.asset }) })
  const defs = definitions({
    assets: [a],
    jobs: [job({ name: 'j', selection: [a], ...(budgets.job && { budget: budgets.job }) })],
    ...(budgets.all && { budget: budgets.all }),
  })
  return { made, defs, projectFolder: temporaryFolder() }
}

describe('a budget', () => {
  test('counts the calls of a hook, and refuses them once it is used up', async () => {
    const { made, call } = caller()
    const a = asset({ key: 'a', run: () => call(), budget: { maxTokens: 3 } })
    const onSuccess = async (): Promise<void> => {
      for (let index = 0; index < 10; index++) await call()
    }
    const defs = definitions({ assets: [a], jobs: [job({ name: 'j', selection: [a], onSuccess })] })
    const run = await materialize(defs, { job: 'j', projectFolder: temporaryFolder() })
    expect([run.status, made.calls]).toEqual(['SUCCESS', 3])
    expect(run.events.flatMap((event) => (event.type === 'LOG' ? [event.message] : [])).join()).toContain('A hook of job "j" failed: ')
  })

  test.each<[string, Parameters<typeof project>[0]]>([
    ['step "a"', { asset: { maxTokens: 3 } }],
    ['job "j"', { job: { maxTokens: 3 } }],
    ['definitions()', { all: { maxTokens: 3 } }],
  ])('of %s stops calls before they are made', async (of, budgets) => {
    const { made, defs, projectFolder } = project(budgets, 10)
    const run = await materialize(defs, { job: 'j', projectFolder })
    expect(run.status).toBe('FAILURE')
    expect(made.calls).toBe(3)
    const [failure] = failures(run)
    expect(failure?.metadata.error_type?.raw_value).toBe('DAGMA_BUDGET_EXCEEDED')
    expect(failure?.metadata.error_summary?.raw_value).toBe(
      `The budget of ${of} is used up: 3 of 3 tokens of this run. Model "m" was not called. Raise maxTokens, then retry the run: completed work is kept. [DAGMA_BUDGET_EXCEEDED]`,
    )
    expect(failure?.metadata).toMatchObject({ cost: { raw_value: 3 }, total_tokens: { raw_value: 3 } })
  })

  test('is not reached by less, and is full again in the next run', async () => {
    const { made, defs, projectFolder } = project({ asset: { maxCost: 10 } }, 10)
    for (const calls of [10, 20]) {
      const run = await materialize(defs, { projectFolder })
      expect(run.status).toBe('SUCCESS')
      expect(made.calls).toBe(calls)
      expect(run.materializations.get('a')?.metadata).toMatchObject({ cost: { raw_value: 10 }, total_tokens: { raw_value: 10 } })
    }
  })

  test.each(['day', 'month'] as const)('of a %s is shared by runs', async (per) => {
    const { made, defs, projectFolder } = project({ all: { maxCost: 5, per } }, 4)
    expect((await materialize(defs, { projectFolder })).status).toBe('SUCCESS')
    const run = await materialize(defs, { projectFolder })
    expect(failures(run)[0]?.error.message).toContain(`5 of 5 (cost) of this ${per}`)
    expect(made.calls).toBe(5)
  })

  test('is exceeded by the calls in flight at most', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 6 }), async (maxTokens, parallel) => {
        const { made, defs, projectFolder } = project({ asset: { maxTokens } }, 30, parallel)
        await materialize(defs, { projectFolder })
        expect(made.calls).toBeGreaterThanOrEqual(maxTokens)
        expect(made.calls).toBeLessThan(maxTokens + parallel)
      }),
      { numRuns: 15 },
    ))

  test('counts the attempts of a step together, and ends its retries', async () => {
    const { made, call } = caller(2)
    const flaky = asset({
      key: 'a',
      budget: { maxTokens: 5 },
      retryPolicy: retryPolicy({ maxRetries: 9 }),
      run: async () => {
        await call()
        throw new Error('the answer was of no use')
      },
    })
    const run = await materialize(definitions({ assets: [flaky] }), { projectFolder: temporaryFolder() })
    expect(made.calls).toBe(3)
    expect(run.events.filter(({ type }) => type === 'STEP_UP_FOR_RETRY')).toHaveLength(3)
    expect(failures(run)[0]?.metadata.error_type?.raw_value).toBe('DAGMA_BUDGET_EXCEEDED')
  })

  test('leaves what is done, and a retry continues from there', async () => {
    const { made, call } = caller()
    const parts = staticPartitions(['a', 'b', 'c', 'd', 'e'])
    const defs = (maxTokens: number) =>
      definitions({
        assets: [
          asset({
            key: 'one',
            partitions: parts,
            backfillPolicy: 'single-run',
            partitionConcurrency: 1,
            budget: { maxTokens },
            run: async ({ partitionKey }) => {
              await call()
              return partitionKey
            },
          }),
        ],
      })
    const projectFolder = temporaryFolder()
    const run = await materialize(defs(3), { projectFolder, partitionKeyRange: { start: 'a', end: 'e' } })
    expect(run.status).toBe('FAILURE')
    expect(made.calls).toBe(3)
    const retried = await retryRun(defs(3), run.runId, { projectFolder })
    expect(retried.status).toBe('SUCCESS')
    expect(made.calls).toBe(5)
  })

  test('stops the items of a step with one error, and a retry processes those that are missing', async () => {
    const { made, call } = caller()
    const rows = ['a', 'b', 'c', 'd', 'e']
    const answers = asset({
      key: 'answers',
      budget: { maxTokens: 3 },
      retryPolicy: retryPolicy({ maxRetries: 2 }),
      run: ({ items }) => items(rows, { key: (row) => row, concurrency: 1 }, async (row) => call().then(() => row)),
    })
    const projectFolder = temporaryFolder()
    const run = await materialize(definitions({ assets: [answers] }), { projectFolder })
    expect(failures(run)[0]?.metadata.error_type?.raw_value).toBe('DAGMA_BUDGET_EXCEEDED')
    expect(run.events.filter(({ type }) => type === 'STEP_UP_FOR_RETRY')).toEqual([])
    expect(made.calls).toBe(3)
    expect((await retryRun(definitions({ assets: [answers] }), run.runId, { projectFolder })).status).toBe('SUCCESS')
    expect(made.calls).toBe(5)
  })

  test('of costs needs the price of each model', async () => {
    const { made, call } = caller()
    const a = asset({ key: 'a', budget: { maxCost: 5 }, run: () => call(false) })
    const run = await materialize(definitions({ assets: [a] }), { projectFolder: temporaryFolder() })
    expect(failures(run)[0]?.metadata.error_type?.raw_value).toBe('DAGMA_PRICE_MISSING')
    expect(made.calls).toBe(0)
  })

  test('that cannot be counted fails the step, not as a failure of the model', async () => {
    const { made, defs, projectFolder } = project({ asset: { maxTokens: 3 } }, 1)
    mkdirSync(join(projectFolder, '.dagma', 'spending.sqlite'), { recursive: true })
    const run = await materialize(defs, { projectFolder })
    expect(run.status).toBe('FAILURE')
    expect(failures(run)[0]?.error.message).toMatch(/cannot be recorded in .*spending\.sqlite: .*\[DAGMA_SPENDING_UNRECORDED\]/)
    expect(made.calls).toBe(0)
  })

  test('that no host could keep, or that limits nothing, is refused', async () => {
    const run = () => 1
    const wrong = [{}, { maxCost: 0 }, { maxCost: -1 }, { maxTokens: '5' }, { maxTokens: 5, per: 'week' }, { maxTokens: 5, maxUsers: 1 }]
    for (const budget of wrong) {
      expect(await thrownBy(() => asset({ key: 'a', budget: budget as Budget, run }))).toMatchObject({ code: 'DAGMA_OPTION_INVALID' })
      expect(await thrownBy(() => definitions({ budget: budget as Budget }))).toMatchObject({ code: 'DAGMA_OPTION_INVALID' })
    }
    const budget = { maxTokens: 5 }
    const a = asset({ key: 'a', run })
    const limited = asset({ key: 'limited', budget, run })
    const refused = (error: unknown) => (error as AggregateError).errors.map(({ problem }: { problem: string }) => problem)
    expect(refused(await thrownBy(() => definitions({ assets: [a, limited], executor: 'docker' })))).toEqual([
      'The budget of step "limited" cannot be enforced: the executor "docker" of definitions() runs steps on several machines, which do not share their spending.',
    ])
    const nightly = job({ name: 'j', selection: [a], budget, executor: 'k8s' })
    expect(refused(await thrownBy(() => definitions({ assets: [a, limited], jobs: [nightly], budget })))).toHaveLength(2)
    expect(
      refused(await thrownBy(() => definitions({ assets: [a], jobs: [job({ name: 'j', selection: [a], budget })], executor: 'celery' }))),
    ).toHaveLength(1)
    expect(definitions({ assets: [limited], budget, executor: 'multiprocess' }).budget).toBe(budget)
  })
})

describe('the cost of an asset', () => {
  test('is in its metadata where every price is known, and each partition has its own', async () => {
    const parts = staticPartitions(['a', 'b'])
    const calls = { a: 1, b: 3 } as const
    const { call } = caller()
    const one = asset({
      key: 'one',
      partitions: parts,
      backfillPolicy: 'single-run',
      run: async ({ partitionKey }) => {
        for (let index = 0; index < calls[partitionKey]; index++) await call()
        return 1
      },
    })
    const run = await materialize(definitions({ assets: [one] }), {
      projectFolder: temporaryFolder(),
      partitionKeyRange: { start: 'a', end: 'b' },
    })
    const costs = run.events.flatMap((event) =>
      event.type === 'ASSET_MATERIALIZATION' ? [[event.partition, event.metadata.cost?.raw_value]] : [],
    )
    expect(Object.fromEntries(costs)).toEqual(calls)
    const unpriced = asset({ key: 'unpriced', run: () => Promise.all([call(), call(false)]).then(() => 1) })
    const { materializations } = await materialize(definitions({ assets: [unpriced] }), { projectFolder: temporaryFolder() })
    expect(materializations.get('unpriced')?.metadata.cost).toBeUndefined()
    expect(materializations.get('unpriced')?.metadata.total_tokens?.raw_value).toBe(2)
  })
})

describe('the ledger', () => {
  test('sums what any runs and steps spent, by any scope', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            runId: fc.constantFrom('r1', 'r2'),
            job: fc.constantFrom('', 'j'),
            step: fc.constantFrom('s', 't'),
            day: fc.constantFrom('2026-10-31', '2026-11-01', '2026-11-28'),
            tokens: fc.nat(100),
          }),
          { maxLength: 12 },
        ),
        (spent) => {
          const ledger = new SpendLedger(temporaryFolder())
          // A run is of one job.
          const entries = spent.map((entry) => ({ ...entry, runId: `${entry.runId}${entry.job}` }))
          for (const { day, tokens, ...spender } of entries) ledger.add(spender, day, { cost: tokens / 4, tokens })
          for (const scope of [{ runId: 'r1j' }, { runId: 'r1', step: 's' }, { since: '2026-11-01' }, { since: '2026-11-28', job: 'j' }]) {
            const { since = '', ...own } = scope as { since?: string; [name: string]: string | undefined }
            const within = entries.filter(
              (entry) => entry.day >= since && Object.entries(own).every(([name, value]) => entry[name as 'job'] === value),
            )
            const tokens = within.reduce((sum, entry) => sum + entry.tokens, 0)
            expect(ledger.total(scope)).toEqual({ cost: tokens / 4, tokens })
          }
          ledger.close()
        },
      ),
      { numRuns: 20 },
    ))
})

describe('the prices', () => {
  const folderWith = (prices: unknown): string => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'model-prices.json'), typeof prices === 'string' ? prices : JSON.stringify(prices))
    return folder
  }
  const dated = { date: '2026-11-28', currency: 'EUR' }

  test('are of a model by its name, otherwise of the longest beginning', () => {
    const models = { m: { input: 1 }, 'm-*': { input: 2 }, 'm-large*': { input: 3, output: 4, cachedInput: 0 } }
    const prices = modelPrices(folderWith({ ...dated, models }))
    expect(['m', 'm-1', 'm-large-2', 'n'].map((model) => prices?.of(model)?.input)).toEqual([1, 2, 3, undefined])
    expect(prices).toMatchObject(dated)
    expect(modelPrices(temporaryFolder())).toBeUndefined()
  })

  test('cost what they should', () => {
    const cost = startModelCall('m', { input: 2, cachedInput: 1, output: 10 })
    expect(cost({ inputTokens: 1_000_000, cachedInputTokens: 500_000, outputTokens: 100_000, isCounted: true })).toBe(2.5)
    expect(startModelCall('m', undefined)({ inputTokens: 1, outputTokens: 1, isCounted: true })).toBeUndefined()
  })

  test.each<[unknown, RegExp]>([
    ['{', /is not JSON/],
    [{ currency: 'USD', models: {} }, /has no date/],
    [{ date: '2026-13-28', currency: 'USD' }, /has no date/],
    [{ date: '2026-11-28', models: {} }, /has no currency/],
    [{ ...dated, model: {} }, /has "model", while it takes/],
    [{ ...dated, models: { m: { input: '1' } } }, /has "input" of model "m"/],
    [{ ...dated, models: { m: { input: 1, batch: 1 } } }, /has "batch" of model "m"/],
    [{ ...dated, models: { m: { output: 1 } } }, /has no input price of model "m"/],
  ])('that are wrong are refused: %j', (prices, reason) => {
    expect(() => modelPrices(folderWith(prices))).toThrow(reason)
  })
})
