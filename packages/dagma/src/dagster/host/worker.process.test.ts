import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, realpathSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { pipesContext } from '../../test/pipes-context.ts'
import { commandLine, dagma } from '../../test/processes.ts'
import { stepExtras } from '../../test/step-extras.ts'
import { temporaryFolder } from '../../test/temporary.ts'
import { encodeParam } from '../pipes/protocol.ts'

const protocol = new URL('../../../../../protocol/', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, protocol), 'utf8')
const ajv = new Ajv2020({ allowUnionTypes: true })
ajv.addSchema(JSON.parse(read('worker.schema.json')))
const fromWorker = ajv.compile({ $ref: 'dagma:worker#/$defs/fromWorker' })
const toWorker = ajv.compile({ $ref: 'dagma:worker#/$defs/toWorker' })

interface Message {
  type: string
  step: string
  message: { method: string; params: { [key: string]: unknown } }
}

/** A worker, and the run's end of its channel. */
class Run {
  readonly child: ChildProcess
  readonly folder: string
  readonly #channel: Socket
  readonly #lines: AsyncIterator<string>
  readonly received: Message[] = []
  stderr = ''
  stdout = ''

  constructor(folder: string, variables: { readonly [name: string]: string } = {}) {
    this.folder = folder
    this.child = spawn(process.execPath, [...commandLine, 'worker'], {
      cwd: folder,
      env: { ...process.env, DAGMA_WORKER_FD: '3', ...variables },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    onTestFinished(() => void this.child.kill('SIGKILL'))
    this.child.stderr?.setEncoding('utf8').on('data', (text) => (this.stderr += text))
    this.child.stdout?.setEncoding('utf8').on('data', (text) => (this.stdout += text))
    this.#channel = this.child.stdio[3] as Socket
    this.#lines = createInterface({ input: this.#channel })[Symbol.asyncIterator]()
  }

  /** The next message; undefined when the worker closed its end. */
  async next(): Promise<Message | undefined> {
    const { value, done } = await this.#lines.next()
    if (done) return undefined
    const message = JSON.parse(value)
    expect(fromWorker(message), `${value} ${JSON.stringify(fromWorker.errors)}`).toBe(true)
    this.received.push(message)
    return message
  }

  /** Receives until a message of that kind, of that step if one is given. */
  async until(method: string, step?: string): Promise<Message> {
    for (let message = await this.next(); message !== undefined; message = await this.next()) {
      const kind = message.type === 'pipes' ? message.message.method : message.type
      if (kind === method && (step === undefined || message.step === step)) return message
    }
    throw new Error(`The worker closed its channel before ${method}: ${this.stderr}`)
  }

  send(message: object): void {
    expect(toWorker(message), JSON.stringify(toWorker.errors)).toBe(true)
    this.sendText(JSON.stringify(message))
  }

  sendText(line: string): void {
    this.#channel.write(`${line}\n`)
  }

  start(step: string, stepName: string, config: unknown = null, more: object = {}): void {
    const context = pipesContext({
      asset_keys: [stepName],
      extras: { dagma: stepExtras({ step_name: stepName, config }) },
      ...more,
    })
    this.send({
      type: 'run_step',
      step,
      params: { DAGSTER_PIPES_CONTEXT: encodeParam({ data: context }), DAGSTER_PIPES_MESSAGES: encodeParam({}) },
    })
  }

  /** Closes the channel and gives the worker's exit code. */
  async end(): Promise<number | null> {
    const exited = this.child.exitCode === null ? once(this.child, 'exit') : undefined
    this.#channel.end()
    await exited
    return this.child.exitCode
  }

  of(step: string): string[] {
    return this.received.filter((message) => message.step === step).map(({ message }) => message.method)
  }
}

const project = (defs: string) =>
  temporaryFolder({
    'package.json': '{"type":"module","dagma":{"definitions":"defs.ts"}}',
    'defs.ts': defs,
    'settings.json': '{"n":5}',
    'data.json': '{}',
  })

const numbers = () =>
  project(`
import { asset, definitions, MetadataValue, materializeResult, resource, secret } from '${dagma}'; import settings from './settings.json' with { type: 'json' }
const key = secret('WORKER_TEST_KEY')
const db = resource({
  open: (_, { runUrl }) => { console.log('db opened for', runUrl); return settings },
  close: () => { console.log('db closed') },
})
const raw = asset({ key: 'raw', run: ({ log }) => { log.info('making π'); console.log('said', key.reveal()); return materializeResult([1, 2], { metadata: { count: 2, share: MetadataValue.float(1) } }) } })
const sum = asset({ key: 'warehouse/sum', inputs: { raw }, resources: { db }, run: ({ inputs, resources }) => materializeResult(inputs.raw.length + resources.db.n, { metadata: { key: key.reveal() } }) })
const broken = asset({ key: 'broken', resources: { db }, run: () => { throw new TypeError('no such table', { cause: new Error('key ' + key.reveal()) }) } })
const waiting = asset({ key: 'waiting', run: ({ log, signal }) => new Promise((_, reject) => { signal.addEventListener('abort', () => reject(signal.reason)); log.info('waiting') }) })
const exploding = asset({ key: 'exploding', run: () => new Promise(() => setTimeout(() => { throw new Error('outside: ' + key.reveal()) })) })
const exiting = asset({ key: 'exiting', run: () => { process.exit(0) } })
export default definitions({ assets: [raw, sum, broken, waiting, exploding, exiting], resources: { db: db({}) } })
`)

describe('the worker', () => {
  test('runs steps, several concurrently, and ends each with closed; resources open once and close at the end', async () => {
    const run = new Run(numbers(), { WORKER_TEST_KEY: 'worker-secret-value', DAGMA_DAGSTER_URL: 'http://dagster' })
    const ready = await run.next()
    expect(ready).toMatchObject({
      type: 'ready',
      protocol_version: 1,
      digests: { manifest: expect.stringMatching(/^sha256:/), lock_file: null },
      imported_json: [join(realpathSync(run.folder), 'settings.json')],
    })
    run.start('1', 'raw')
    await run.until('closed', '1')
    run.start('2', 'waiting')
    await run.until('log', '2')
    run.start('3', 'warehouse__sum')
    run.start('4', 'broken')
    const [third, fourth] = [await run.until('closed'), await run.until('closed')].sort((a, b) => a.step.localeCompare(b.step))
    expect(third).toMatchObject({ step: '3', message: { params: {} } })
    expect(fourth?.message.params.exception).toMatchObject({
      name: 'UserCodeError',
      message: 'Step "broken" failed: no such table. Fix the error below. [DAGMA_STEP_FAILED]',
      cause: { name: 'TypeError', stack: [expect.stringContaining('defs.ts:10')], cause: { message: 'key [redacted]' } },
    })
    expect(run.of('1')).toEqual(['opened', 'log', 'report_custom_message', 'report_asset_materialization', 'closed'])
    const reported = run.received.filter(({ message }) => message?.method === 'report_asset_materialization')
    expect(reported.map(({ message }) => message.params)).toMatchObject([
      { asset_key: 'raw', metadata: { count: { type: 'int', raw_value: 2 }, latency_ms: {}, size_bytes: {} }, data_version: null },
      { asset_key: 'warehouse/sum', metadata: { key: { raw_value: '[redacted]' } } },
    ])
    run.send({ type: 'cancel_step', step: '2' })
    expect((await run.until('closed', '2')).message.params.exception).toMatchObject({
      message: expect.stringContaining('[DAGMA_CANCELED]'),
    })
    expect(await run.end()).toBe(0)
    expect(run.stdout).toBe('said [redacted]\ndb opened for http://dagster/runs/run-1\ndb closed\n')
    expect(run.stderr).toBe('')
    expect(JSON.stringify(run.received)).not.toContain('worker-secret-value')
  })

  test('makes the assets that Dagster selected, and no others', async () => {
    const run = new Run(
      project(`
import { definitions, materializeResult, multiAsset } from '${dagma}'
const shop = multiAsset({ name: 'shop', canSubset: true, assets: { orders: {}, customers: {} }, run: ({ selected }) =>
  Object.fromEntries([...selected].map((name) => [name, materializeResult(name, { metadata: { selected: [...selected] } })])) })
export default definitions({ assets: [shop] })
`),
    )
    const extras = { dagma: stepExtras({ step_name: 'shop', selected: ['customers'] }) }
    run.start('1', 'shop', null, { extras, asset_keys: ['customers'] })
    await run.until('closed', '1')
    const reported = run.received.filter(({ message }) => message?.method === 'report_asset_materialization')
    expect(reported.map(({ message }) => message.params)).toMatchObject([
      { asset_key: 'customers', metadata: { selected: { raw_value: ['customers'] } } },
    ])
    expect(await run.end()).toBe(0)
  })

  test('keeps a budget over the processes of a run, and says that a retry does not help', async () => {
    const folder = project(`
import { asset, definitions } from '${dagma}'
import { startModelCall } from '${dagma.replace(/index\.ts$/, 'author.ts')}'
const ask = () => startModelCall('m', undefined)({ inputTokens: 2, outputTokens: 1, isCounted: true })
const make = (key) => asset({ key, run: () => { for (let index = 0; index < 3; index++) ask(); return 1 } })
export default definitions({ assets: [make('one'), make('two')], budget: { maxTokens: 10 } })
`)
    const [first, second] = [new Run(folder), new Run(folder)]
    first.start('1', 'one')
    await first.until('closed', '1')
    const made = first.received.find(({ message }) => message?.method === 'report_asset_materialization')
    expect(made?.message.params).toMatchObject({ metadata: { total_tokens: { raw_value: 9 } } })
    second.start('1', 'two')
    const closed = await second.until('closed', '1')
    expect(JSON.stringify(closed)).toContain(
      'The budget of definitions() is used up: 12 of 10 tokens of this run. Model \\"m\\" was not called.',
    )
    const failure = second.received.find(({ message }) => message?.method === 'report_custom_message')
    expect(failure?.message.params).toMatchObject({
      payload: { dagma: { allow_retries: false, metadata: { total_tokens: { raw_value: 3 } } } },
    })
    expect([await first.end(), await second.end()]).toEqual([0, 0])
  })

  test('calls hooks when it is asked, with what the step itself threw, or what Dagster says of one that it did not run', async () => {
    const run = new Run(
      project(`
import { asset, definitions, job, resource } from '${dagma}'
const post = resource({ open: () => ({ format: (text) => '<' + text + '>' }) })
const broken = asset({ key: 'broken', run: () => { throw new TypeError('no such table') } })
const fine = asset({ key: 'fine', run: () => 1 })
const slow = asset({ key: 'slow', timeoutSeconds: 0.05, run: () => 1 })
const nightly = job({ name: 'nightly', selection: '*', resources: { post },
  onFailure: ({ error, log, resources, jobName, runId }) => log.warning(resources.post.format([jobName, runId, error?.name, error?.message].join(' '))),
  onSuccess: ({ stepName, signal }) => {
    if (stepName === 'fine') throw new Error('the hook itself')
    return new Promise((resolve, reject) => signal.addEventListener('abort', () => reject(new Error('heard'))))
  } })
export default definitions({ assets: [broken, fine, slow], jobs: [nightly], resources: { post: post({}) } })
`),
    )
    const ask = async (step: string, stepName: string, error: object | null): Promise<unknown> => {
      run.send({ type: 'call_hook', step, run_id: 'run-1', job_name: 'nightly', step_name: stepName, error })
      const logged = await run.until('log', step)
      expect(run.of(step)).toEqual(['opened', 'log'])
      await run.until('closed', step)
      return [logged.message.params.level, logged.message.params.message]
    }
    run.start('1', 'broken')
    await run.until('closed', '1')
    expect(run.of('1')).not.toContain('log')
    const died = { name: 'WorkerDiedError', message: 'The Node worker died.' }
    expect(await ask('2', 'broken', died)).toEqual(['WARNING', '<nightly run-1 TypeError no such table>'])
    expect(await ask('3', 'fine', died)).toEqual(['WARNING', '<nightly run-1 WorkerDiedError The Node worker died.>'])
    expect(await ask('4', 'fine', null)).toEqual(['ERROR', 'A hook of job "nightly" failed: the hook itself'])
    expect(await ask('5', 'slow', null)).toEqual(['ERROR', 'A hook of job "nightly" failed: Step "slow" did not finish within 0.05 s.'])
    run.send({ type: 'call_hook', step: '6', run_id: 'run-1', job_name: '__ASSET_JOB', step_name: 'fine', error: null })
    await run.until('closed', '6')
    expect(run.of('6')).toEqual(['opened', 'closed'])
    expect(await run.end()).toBe(0)
  })

  test('serves a run after another, which sees nothing of it', async () => {
    const run = new Run(
      project(`
import { asset, definitions, resource } from '${dagma}'
let opened = 0
const db = resource({
  open: (_, { runId }) => { console.log('opened for', runId); return { number: ++opened } },
  close: () => console.log('closed'),
})
const own = () => [process.env.OF_THE_RUN ?? 'unset', process.env.CHANGED, process.env.REMOVED, process.cwd().split('/').at(-1) === 'sub']
const first = asset({ key: 'first', ioManager: 'shared', resources: { db }, run: ({ runId, log, resources }) => {
  log.info(JSON.stringify([...own(), resources.db.number]))
  Object.assign(process.env, { OF_THE_RUN: runId, CHANGED: runId })
  delete process.env.REMOVED
  process.chdir('sub')
  return 'value of ' + runId
} })
const second = asset({ key: 'second', inputs: { first }, ioManager: 'shared', run: ({ inputs, log }) => { log.info(inputs.first); return '' } })
const leaves = asset({ key: 'leaves', run: () => { setInterval(() => {}, 1000); return 1 } })
let stored = new Map()
const shared = { // as one whose values another worker may replace
  handleOutput: async ({ assetKey }, value) => { const digest = 'd' + value.length + value.at(-1); stored.set(assetKey.join('/'), { value, digest }); return { digest } },
  loadInput: async ({ assetKey }) => stored.get(assetKey.join('/')),
}
export default definitions({ assets: [first, second, leaves], resources: { db: db({}) }, ioManagers: { shared } })
`),
      { CHANGED: 'as it was', REMOVED: 'here' },
    )
    mkdirSync(join(run.folder, 'sub'))
    const logs = () =>
      run.received.flatMap(({ message }) =>
        message?.method === 'log' ? [(message.params as { readonly message: string }).message.replaceAll('"', "'")] : [],
      )
    const endRun = async (): Promise<unknown> => {
      run.send({ type: 'end_run' })
      return ((await run.until('run_ended')) as unknown as { readonly retire: unknown }).retire
    }
    for (const [index, runId] of ['run-1', 'run-2'].entries()) {
      run.start(`first ${runId}`, 'first', null, { run_id: runId })
      await run.until('closed')
      expect(logs()[index]).toBe(`['unset','as it was','here',false,${index + 1}]`)
      if (runId === 'run-1') expect(await endRun()).toBeNull()
    }
    expect(await endRun()).toBeNull()
    run.start('second', 'second', null, { run_id: 'run-3' })
    const asked = (await run.until('find_materializations')) as unknown as { readonly request: number }
    const newer = { digest: 'd14z', stored_at: null, host: 'elsewhere' }
    run.send({
      type: 'materializations',
      step: 'second',
      request: asked.request,
      found: [{ partition_key: null, run_id: 'run-9', stored: newer }],
    })
    expect(JSON.stringify(await run.until('closed', 'second'))).toContain('[DAGMA_VALUE_UNREACHABLE]')
    expect(await endRun()).toBeNull()
    run.start('leaves', 'leaves', null, { run_id: 'run-4' })
    await run.until('closed', 'leaves')
    expect(await endRun()).toBe('it has left open: Timeout')
    expect(run.stdout).toBe('opened for run-1\nclosed\nopened for run-2\nclosed\n')
    run.child.kill('SIGKILL')
  })

  test.each([
    [
      'a function that ignores its signal',
      'timeoutSeconds: 0.01, run: () => new Promise(() => {})',
      '',
      'a function did not end when its signal was aborted',
    ],
    ['values in memory', 'run: () => 1', 'ioManagers: { default: memoryIOManager() },', 'an IO manager keeps values in its memory'],
    ['much memory', 'run: () => { globalThis.kept = Buffer.alloc(1100 * 2 ** 20, 1); return 1 }', '', 'MiB of memory'],
  ])('says that no run may follow one with %s', async (_what, step, more, reason) => {
    const run = new Run(
      project(`import { asset, definitions, memoryIOManager } from '${dagma}'
export default definitions({ assets: [asset({ key: 'odd', ${step} })], ${more} })`),
    )
    run.start('1', 'odd')
    await run.until('closed', '1')
    run.send({ type: 'end_run' })
    expect(await run.until('run_ended')).toMatchObject({ retire: expect.stringContaining(reason) })
    expect(await run.end()).toBe(0)
  })

  test('cancels what runs when the run is gone, and ends', async () => {
    const run = new Run(numbers())
    run.start('1', 'waiting')
    await run.until('log', '1')
    expect(await run.end()).toBe(0)
  })

  test('accepts the golden messages, and a step that it does not know ends with its error', async () => {
    const golden = read('golden/to-worker.jsonl').trimEnd().split('\n')
    for (const line of golden) expect(toWorker(JSON.parse(line)), line).toBe(true)
    for (const line of read('golden/from-worker.jsonl').trimEnd().split('\n')) expect(fromWorker(JSON.parse(line)), line).toBe(true)
    const run = new Run(numbers())
    run.start('1', 'gone')
    const { message } = await run.until('closed', '1')
    expect(message.params.exception).toMatchObject({ name: 'ProtocolError', message: expect.stringContaining('[DAGMA_MESSAGE_UNKNOWN]') })
    run.send({ type: 'cancel_step', step: 'never begun' })
    expect(await run.end()).toBe(0)
  })

  test.each([
    ['an unknown kind', '{"type":"dance","step":"1"}'],
    ['no JSON', '{"type"'],
    ['a member of another type', '{"type":"partitions_recorded","step":"1","count":"8"}'],
    ['parameters that are none', '{"type":"run_step","step":"1","params":{"DAGSTER_PIPES_CONTEXT":"eJ","DAGSTER_PIPES_MESSAGES":""}}'],
    [
      'a context that is none',
      `{"type":"run_step","step":"1","params":{"DAGSTER_PIPES_CONTEXT":"${encodeParam({})}","DAGSTER_PIPES_MESSAGES":""}}`,
    ],
  ])('a message with %s ends it with one coded error', async (_what, line) => {
    const run = new Run(numbers())
    await run.next()
    run.sendText(line)
    const [code] = await once(run.child, 'exit')
    expect(code).toBe(1)
    expect(run.stderr).toMatch(/^error: .*\[DAGMA_MESSAGE_UNKNOWN\]\n/)
    expect(run.stderr).not.toContain('node:')
  })

  test('a step that ends the process fails all that run, each with the names of all', async () => {
    const run = new Run(numbers())
    run.start('1', 'waiting')
    await run.until('log', '1')
    run.start('2', 'exiting')
    const exited = once(run.child, 'exit')
    const [first, second] = [await run.until('closed'), await run.until('closed')]
    expect([first.step, second.step]).toEqual(['1', '2'])
    for (const { message } of [first, second])
      expect(message.params.exception).toMatchObject({
        message: expect.stringMatching(/code 0 while steps "waiting", "exiting" were running.*\[DAGMA_PROCESS_EXITED\]/),
      })
    expect((await exited)[0]).toBe(1)
  })

  test('an exception outside a step is printed through the gate', async () => {
    const run = new Run(numbers(), { WORKER_TEST_KEY: 'worker-secret-value', DAGMA_DAGSTER_URL: 'http://dagster' })
    run.start('1', 'exploding')
    const [code] = await once(run.child, 'exit')
    expect(code).toBe(1)
    expect(run.stderr).toMatch(/^error: outside: \[redacted\]\n {4}at .*defs\.ts:12/)
  })

  test('definitions that do not load end it with the reason on stderr', async () => {
    const run = new Run(
      project(
        `import { asset, definitions } from '${dagma}'\nexport default definitions({ assets: [asset({ key: 'a', deps: ['b'], run: () => 1 })] })`,
      ),
    )
    expect(await run.next()).toBeUndefined()
    const code = run.child.exitCode ?? (await once(run.child, 'exit'))[0]
    expect(code).toBe(2)
    expect(run.stderr).toMatch(/^error: Asset "a".* depends on "b".*\[DAGMA_DEP_UNKNOWN\]\n$/)
  })

  test('started by hand, it says what to use', async () => {
    const run = new Run(numbers(), { DAGMA_WORKER_FD: '' })
    const [code] = await once(run.child, 'exit')
    expect(code).toBe(1)
    expect(run.stderr).toMatchInlineSnapshot(`
      "error: \`dagma worker\` is started by the Dagster host, not by hand: DAGMA_WORKER_FD is not set. Use \`dagma asset materialize\` or \`dagma job launch\`. [DAGMA_WORKER_NOT_HOSTED]
      "
    `)
  })
})
