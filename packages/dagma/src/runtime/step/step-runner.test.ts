import { hostname } from 'node:os'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { noStorage } from '../../../../../tests/support/resource-context.ts'
import { type Asset, type AssetContext, asset } from '../../definitions/assets/asset.ts'
import { assetCheck } from '../../definitions/assets/asset-check.ts'
import { observableAsset } from '../../definitions/assets/observable-asset.ts'
import { type CheckResult, materializeResult } from '../../definitions/assets/results.ts'
import { definitions } from '../../definitions/definitions.ts'
import { staticPartitions } from '../../definitions/partitions/partitions.ts'
import type { Resource } from '../../definitions/resource.ts'
import { resource } from '../../definitions/resource.ts'
import { secret } from '../../metadata/redaction/secret.ts'
import { setEnvironment, temporaryFolder, thrownBy } from '../../test/temporary.ts'
import { RunSpending } from '../spending/enforce-budgets.ts'
import { jsonFileIOManager } from '../values/json-file-io-manager.ts'
import { KeptItems } from '../values/kept-items.ts'
import { Values } from '../values/values.ts'
import { RunResources } from './run-resources.ts'
import type { StepHost, StepReport } from './step-host.ts'
import { runStep } from './step-runner.ts'
import { validatedConfig } from './validated-config.ts'

/** A host of steps that keeps what they report. `others` are the assets that the steps' inputs name. */
function host(
  settings: { resources?: Record<string, Resource<unknown>>; config?: unknown; signal?: AbortSignal; others?: readonly Asset[] } = {},
) {
  const reports: StepReport[] = []
  const signal = settings.signal ?? new AbortController().signal
  const log = { debug() {}, info() {}, warning() {}, error() {}, critical() {} }
  const all = definitions({ assets: settings.others ?? [] })
  const values = new Values(all, jsonFileIOManager(temporaryFolder()))
  const made: Omit<StepHost, 'selected'> = {
    definitions: all,
    runId: 'run-1',
    jobName: 'numbers_job',
    runTags: { team: 'data' },
    partitionKey: undefined,
    partitions: undefined,
    retryNumber: 2,
    config: settings.config,
    spending: new RunSpending({ definitions: all, projectFolder: '/p', runId: 'run-1', jobName: null, now: () => new Date() }),
    resources: new RunResources(new Map(Object.entries(settings.resources ?? {})), {
      runId: 'run-1',
      projectFolder: '/p',
      log,
      signal,
      storage: noStorage,
    }),
    values,
    items: new KeptItems(temporaryFolder(), { runId: 'run-1', retriedRunIds: [], sync: false }),
    findMaterializations: async () => new Map(),
    observer: undefined,
    signal,
    now: () => new Date(),
    dynamicKeys: () => [],
    listDynamicKeys: async () => [],
    report: (report) => reports.push(report),
  }
  return {
    reports,
    run: ({ step }: Pick<Asset, 'step'>) => runStep(step, { ...made, selected: new Set(step.assets.map((spec) => spec.key.join('/'))) }),
    load: (...key: string[]) =>
      values.load({ assetKey: key, partitionKey: undefined, runId: 'r', signal }, { who: 'the test', find: made.findMaterializations }),
  }
}

describe('runStep', () => {
  test('gives the function its context and stores what it returns', async () => {
    const numbers = asset({ key: 'numbers', run: () => [1, 2] })
    const { run, reports, load } = host({
      others: [numbers],
      config: { factor: 3 },
      resources: { db: resource<{ name: string }, { name: string }>({ open: (settings) => settings })({ name: 'main' }) },
    })
    await run(numbers)
    let seen: object = {}
    const scaled = asset({
      key: ['warehouse', 'scaled'],
      inputs: { numbers },
      resources: { db: resource<{ name: string }, { name: string }>({ open: (settings) => settings }) },
      config: z.object({ factor: z.number(), offset: z.number().default(7) }),
      run: async (context) => {
        const { assetKey, runId, jobName, runTags, retryNumber, inputs, resources, config } = context
        seen = {
          assetKey,
          runId,
          jobName,
          runTags,
          partition: 'partitionKey' in context && context.partitionKey,
          retryNumber,
          inputs,
          resources,
          config,
        }
        context.log.info('scaling')
        await Promise.resolve()
        return materializeResult(
          context.inputs.numbers.map((n) => n * context.config.factor),
          { metadata: { count: 2, skipped: undefined } },
        )
      },
    })
    expect(await run(scaled)).toEqual({ status: 'success' })
    expect(seen).toEqual({
      assetKey: ['warehouse', 'scaled'],
      runId: 'run-1',
      jobName: 'numbers_job',
      runTags: { team: 'data' },
      partition: undefined,
      retryNumber: 2,
      inputs: { numbers: [1, 2] },
      resources: { db: { name: 'main' } },
      config: { factor: 3, offset: 7 },
    })
    expect(await load('warehouse', 'scaled')).toEqual([3, 6])
    expect(reports.slice(1)).toEqual([
      { type: 'log', level: 'info', message: 'scaling' },
      {
        type: 'materialization',
        assetKey: ['warehouse', 'scaled'],
        dataVersion: undefined,
        stored: { digest: expect.stringMatching(/^[0-9a-f]{32}$/), storedAt: expect.any(Number), host: hostname() },
        metadata: {
          count: { type: 'int', raw_value: 2 },
          event_type: { type: 'text', raw_value: 'materialization' },
          status: { type: 'text', raw_value: 'success' },
          retry_count: { type: 'int', raw_value: 2 },
          latency_ms: { type: 'float', raw_value: expect.any(Number) },
          size_bytes: { type: 'int', raw_value: 5 },
        },
      },
    ])
  })

  test('what the user’s function throws is marked as the user’s, cause kept', async () => {
    const { run, reports } = host()
    class DatabaseError extends Error {
      override name = 'DatabaseError'
    }
    const broken = asset({
      key: 'broken',
      run: () => {
        throw new DatabaseError('no such table', { cause: new Error('disk') })
      },
    })
    const outcome = await run(broken)
    expect(outcome).toMatchObject({
      status: 'failure',
      error: {
        name: 'UserCodeError',
        message: 'Step "broken" failed: no such table. Fix the error below. [DAGMA_STEP_FAILED]',
        cause: { name: 'DatabaseError', message: 'no such table', cause: { message: 'disk' } },
      },
    })
    expect(reports).toEqual([])
  })

  test.each<[what: string, broken: Asset, code: string]>([
    ['a rejected promise', asset({ key: 'a', run: () => Promise.reject(new Error('x')) }), 'DAGMA_STEP_FAILED'],
    [
      'no error',
      asset({
        key: 'a',
        run: () => {
          throw undefined
        },
      }),
      'DAGMA_STEP_FAILED',
    ],
    ['a value that JSON cannot hold', asset({ key: 'a', run: (): unknown => 1n }), 'DAGMA_VALUE_NOT_STORABLE'],
    [
      'metadata that cannot be carried',
      asset({ key: 'a', run: () => materializeResult(1, { metadata: { a: Number.NaN } }) }),
      'DAGMA_METADATA_INVALID',
    ],
    [
      'an input that is not there',
      asset({ key: 'a', inputs: { b: asset({ key: 'b', run: () => 1 }) }, run: () => 1 }),
      'DAGMA_INPUT_MISSING',
    ],
    ['wrong config', asset({ key: 'a', config: z.object({ n: z.number() }), run: () => 1 }), 'DAGMA_CONFIG_INVALID'],
  ])('never throws: %s', async (_what, broken, code) => {
    const { run, reports } = host()
    const outcome = await run(broken)
    expect(outcome.status === 'failure' && outcome.error.message).toContain(`[${code}]`)
    expect(reports).toEqual([])
  })

  test('a step of an asset with partitions that asks for the key of a run without one fails', async () => {
    const daily = asset({ key: 'a', partitions: staticPartitions(['x']), run: ({ partitionKey }) => partitionKey })
    expect(await host().run(daily)).toMatchObject({
      status: 'failure',
      error: { cause: { message: expect.stringContaining('DAGMA_NOT_PARTITIONED') } },
    })
  })

  test('a check of an asset with partitions has no key in a run without one, and loads no value', async () => {
    const daily = asset({ key: 'a', partitions: staticPartitions(['x']), run: ({ partitionKey }) => partitionKey })
    const check = (
      run: (context: { partitionKey: string | undefined; load: () => Promise<string> }) => CheckResult | Promise<CheckResult>,
    ) => assetCheck({ asset: daily, name: 'c', run })
    const { run, reports } = host({ others: [daily] })
    await run(check(({ partitionKey }) => ({ passed: partitionKey === undefined })))
    expect(reports).toMatchObject([{ check: 'c', passed: true }])
    expect(await run(check(async ({ load }) => ({ passed: (await load()) === 'x' })))).toMatchObject({
      status: 'failure',
      error: { cause: { message: expect.stringContaining('DAGMA_NOT_PARTITIONED') } },
    })
  })

  test('a step whose metadata is refused does not replace the value', async () => {
    const { run, load } = host()
    let metadata: { a: number } = { a: 1 }
    let value = 'old'
    const changing = asset({ key: 'a', run: () => materializeResult(value, { metadata }) })
    await run(changing)
    value = 'new'
    metadata = { a: Number.NaN }
    expect(await run(changing)).toMatchObject({ status: 'failure' })
    expect(await load('a')).toBe('old')
  })

  test('a secret in an error, a log line, metadata or a data version is redacted', async () => {
    setEnvironment({ DAGMA_TEST_STEP: 'step-secret-value' })
    secret('DAGMA_TEST_STEP')
    const { run, reports } = host()
    const telling = asset({
      key: 'telling',
      run: ({ log }) => {
        log.error('key is step-secret-value')
        return materializeResult(1, {
          metadata: { url: 'https://h/?q=step-secret-value', nested: { a: ['step-secret-value'] } },
          dataVersion: 'of step-secret-value',
        })
      },
    })
    await run(telling)
    await run(observableAsset({ key: 'observed', run: () => ({ dataVersion: 'step-secret-value' }) }))
    const failing = asset({ key: 'failing', run: () => Promise.reject(new Error('step-secret-value')) })
    const outcome = await run(failing)
    expect(JSON.stringify([reports, outcome])).not.toContain('step-secret-value')
  })

  test('logging after the step’s end is not an error, and reaches nobody', async () => {
    const { run, reports } = host()
    let late: AssetContext['log'] | undefined
    await run(
      asset({
        key: 'a',
        run: ({ log }) => {
          late = log
        },
      }),
    )
    const before = reports.length
    late?.info('still here')
    expect(reports).toHaveLength(before)
  })
})

describe('cancel', () => {
  test('before it began: nothing runs', async () => {
    let ran = false
    const never = asset({
      key: 'never',
      run: () => {
        ran = true
      },
    })
    const { run } = host({ signal: AbortSignal.abort() })
    expect(await run(never)).toMatchObject({
      status: 'canceled',
      error: { message: 'Step "never" was canceled. Start it again if needed. [DAGMA_CANCELED]' },
    })
    expect(ran).toBe(false)
  })

  test.each([true, false])('while it runs, whether the function heeds the signal (%s) or not: nothing is stored', async (heeds) => {
    const abort = new AbortController()
    const { run, reports, load } = host({ signal: abort.signal })
    const waiting = asset({
      key: 'waiting',
      run: ({ signal }) => {
        abort.abort(new Error('stop'))
        if (heeds) signal.throwIfAborted()
        return 1
      },
    })
    expect(await run(waiting)).toMatchObject({ status: 'canceled' })
    expect(reports).toEqual([])
    expect(await thrownBy(() => load('waiting'))).toMatchObject({ code: 'DAGMA_INPUT_MISSING' })
  })
})

const bare = { kind: 'materialize', assets: [], checks: [] } as const

describe('validatedConfig', () => {
  const schema = z.object({ n: z.number(), list: z.array(z.object({ id: z.string() })).default([]) })
  const of = (config: unknown) => validatedConfig({ ...bare, name: 'a__b', config: schema as never }, config)

  test('fills defaults in', async () => {
    expect(await of({ n: 1 })).toEqual({ n: 1, list: [] })
  })

  test('names every field that is wrong', async () => {
    expect((await thrownBy(() => of({ n: 'x', list: [{ id: 1 }] }))).message).toMatchInlineSnapshot(
      `"The config of "a__b" is invalid: n: Invalid input: expected number, received string; list.0.id: Invalid input: expected string, received number. Fix these config fields. [DAGMA_CONFIG_INVALID]"`,
    )
  })

  test('no config is an empty one', async () => {
    expect((await thrownBy(() => of(undefined))).message).toContain('n: ')
  })

  test('an asset without a schema has none', async () => {
    expect(await validatedConfig({ ...bare, name: 'a', config: undefined }, { anything: 1 })).toBeUndefined()
  })

  test('any Standard Schema will do, also an asynchronous one', async () => {
    const custom = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: async (value: unknown) =>
          typeof value === 'string' ? { value: value.length } : { issues: [{ message: 'no text', path: [{ key: 'x' }, 0] }] },
      },
    }
    expect(await validatedConfig({ ...bare, name: 'a', config: custom }, 'abc')).toBe(3)
    expect((await thrownBy(() => validatedConfig({ ...bare, name: 'a', config: custom }, 1))).message).toContain('x.0: no text.')
  })
})
