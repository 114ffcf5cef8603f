/** `dagma tick`, as the Dagster host calls it: one request on stdin, one answer on stdout, both of `protocol/tick.schema.json`. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { commandLine, dagma } from '../../test/processes.ts'
import { temporaryFolder } from '../../test/temporary.ts'

const schema = JSON.parse(readFileSync(new URL('../../../../../protocol/tick.schema.json', import.meta.url), 'utf8'))
const ajv = new Ajv2020({ allowUnionTypes: true, formats: { 'date-time': true } })
ajv.addSchema(schema)
const isRequest = ajv.compile({ $ref: 'dagma:tick#/$defs/request' })
const isAnswer = ajv.compile({ $ref: 'dagma:tick#/$defs/answer' })

/** Invalid results of sensors of the jobs `one` and `parts`, with their errors. */
const wrongTicks = `[
  ['text', 'one'], ['nothing', null], ['number', 5], ['field', { run_requests: [] }], ['item', [{ jobName: 'one' }]], ['items', { runRequests: {} }],
  ['cursor', { cursor: 5 }], ['skip', skipReason(5)], ['tags', { ...runRequest(), tags: { a: 1 } }], ['change', { dynamicPartitions: [{ partitions: 'x', add: 'y' }] }],
  ['job', runRequest({ jobName: 'two' })], ['partition', runRequest({ jobName: 'parts', partitionKey: 'q' })], ['no_partition', runRequest({ jobName: 'parts' })],
  ['step', [runRequest(), runRequest({ config: { c: {} } })]], ['setting', runRequest({ jobName: 'parts', partitionKey: 'p', config: { 'shop/b': { m: 1 } } })],
]`

const definitions = `import { asset, definitions, job, runRequest, schedule, secret, sensor, skipReason, staticPartitions } from '${dagma}'
import { z } from '${import.meta.resolve('zod')}'
const key = secret('TICK_TEST_KEY')
const a = asset({ key: 'a', run: () => 1 })
const b = asset({ key: 'shop/b', config: z.object({ n: z.number() }), partitions: staticPartitions(['p']), run: () => 1 })
const [one, two] = ['one', 'two'].map((name) => job({ name, selection: [a] }))
const parts = job({ name: 'parts', selection: [b], config: { 'shop/b': { n: 1 } } })
const at = (name, evaluate) => schedule({ name, job: one, cronSchedule: '0 2 * * *', evaluate })
const watch = (name, run) => sensor({ name, job: [one, two], run })
export default definitions({
  assets: [a, b], jobs: [one, two, parts],
  schedules: [
    at('plain'),
    at('several', ({ scheduledTime, log }) => {
      log.warning('asked with ' + key.reveal())
      return [runRequest({ runKey: scheduledTime.toISOString() }), runRequest({ tags: { t: 'x' } })]
    }),
    schedule({ name: 'parts_daily', job: parts, cronSchedule: '@daily', evaluate: () => runRequest({ config: { 'shop/b': { n: 2 } }, partitionKey: 'p' }) }),
    at('throwing', () => { throw new Error('no calendar: ' + key.reveal()) }),
  ],
  sensors: [
    watch('files', ({ cursor }) => ({
      runRequests: [runRequest({ jobName: 'two', tags: { seen: String(cursor) } })], cursor: '2',
      dynamicPartitions: [{ partitions: 'files', add: ['f1'] }, { partitions: 'files', remove: ['f0'] }],
    })),
    watch('quiet', () => skipReason('nothing new')),
    watch('silent', () => undefined),
    sensor({ name: 'second', job: [two, one], run: () => runRequest() }),
    ...${wrongTicks}.map(([name, returned]) => sensor({ name, job: [one, parts], run: () => returned })),
  ],
})
`

function tick(request: object) {
  expect(isRequest(request), JSON.stringify(isRequest.errors)).toBe(true)
  const folder = temporaryFolder({ 'package.json': '{"name":"p","type":"module","dagma":{}}', 'src/definitions.ts': definitions })
  const { status, stdout, stderr } = spawnSync(process.execPath, [...commandLine, 'tick'], {
    cwd: folder,
    encoding: 'utf8',
    input: JSON.stringify(request),
    env: { ...process.env, TICK_TEST_KEY: 'tick-secret-value' },
  })
  return { status, stdout, stderr }
}

function answer(request: object) {
  const { status, stdout, stderr } = tick(request)
  expect([status, stderr]).toEqual([0, ''])
  const answered = JSON.parse(stdout)
  expect(isAnswer(answered), JSON.stringify(isAnswer.errors)).toBe(true)
  return answered
}

const schedule = (name: string) => ({ kind: 'schedule', name, scheduled_time: '2026-01-02T02:00:00.000Z' })
const sensor = (name: string, cursor: string | null = null) => ({ kind: 'sensor', name, cursor, dynamic_partitions: {} })
const nothing = { run_requests: [], skip_reason: null, cursor: null, dynamic_partitions: [], logs: [] }
const run = { run_key: null, job_name: 'one', config: {}, tags: {}, partition_key: null }

test('a schedule without a function asks for one run of its job', () => {
  expect(answer(schedule('plain'))).toEqual({ ...nothing, run_requests: [run] })
})

test('a schedule may ask for several runs; its log lines have passed the gate', () => {
  expect(answer(schedule('several'))).toEqual({
    ...nothing,
    run_requests: [
      { ...run, run_key: '2026-01-02T02:00:00.000Z' },
      { ...run, tags: { t: 'x' } },
    ],
    logs: [{ level: 'warning', message: 'asked with [redacted]' }],
  })
})

test.each([
  [null, 'undefined'],
  ['1', '1'],
  ['', ''],
] as const)('a sensor is given the cursor %j, moves it, and changes partitions', (cursor, seen) => {
  expect(answer(sensor('files', cursor))).toEqual({
    ...nothing,
    run_requests: [{ ...run, job_name: 'two', tags: { seen } }],
    cursor: '2',
    dynamic_partitions: [
      { partitions: 'files', add: ['f1'], remove: [] },
      { partitions: 'files', add: [], remove: ['f0'] },
    ],
  })
})

test('a request that names no job means the first of its sensor', () => {
  expect(answer(sensor('second'))).toEqual({ ...nothing, run_requests: [{ ...run, job_name: 'two' }] })
})

test('config is handed over by step, whatever key it was entered under', () => {
  const asked = { ...run, job_name: 'parts', config: { shop__b: { n: 2 } }, partition_key: 'p' }
  expect(answer(schedule('parts_daily'))).toEqual({ ...nothing, run_requests: [asked] })
})

test.each([
  ['text', 'it returned a text'],
  ['nothing', 'it returned null'],
  ['number', 'it returned a number'],
  ['field', 'it returned an object with "run_requests" (fields: runRequests, '],
  ['item', 'item 1 is an object, not made by runRequest()'],
  ['items', 'runRequests is an object, not a list'],
  ['cursor', 'cursor is a number, not text'],
  ['skip', 'the skip reason is a number, not text'],
  ['tags', 'the tag "a" of the run request is a number, not text'],
  ['change', 'add of dynamicPartitions is not a list of texts'],
  ['job', 'the run request names the job "two", which it does not declare (jobs: one, parts)'],
  ['partition', 'the run request cannot be run: "q" is'],
  ['no_partition', 'the run request cannot be run: "shop/b" has partitions'],
  ['step', 'run request 2 cannot be run: Config was passed for "c", which is not selected'],
  ['setting', 'm: there is no such field'],
])('a sensor that returns what no run can come of (%s) ends it with 1 and one coded error', (name, reason) => {
  const { status, stdout, stderr } = tick(sensor(name))
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr).toContain(`error: Sensor "${name}" returned an invalid result: `)
  expect(stderr).toContain(reason)
  expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/\[DAGMA_TICK_INVALID\]$/)])
})

test('no run, with a reason or without', () => {
  expect(answer(sensor('quiet'))).toEqual({ ...nothing, skip_reason: 'nothing new' })
  expect(answer(sensor('silent'))).toEqual(nothing)
})

test('a function that throws ends it with 1, an unknown name with 2; neither answers', () => {
  expect(tick(schedule('throwing'))).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('no calendar: [redacted]') })
  expect(tick(sensor('fils'))).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('[DAGMA_TICK_UNKNOWN]') })
})

test('the schema refuses what is not a message of it', () => {
  const spoiled = [
    { kind: 'schedule', name: 'plain' },
    { ...sensor('files'), extra: 1 },
    { ...schedule('plain'), kind: 'timetable' },
  ]
  for (const request of spoiled) expect(isRequest(request)).toBe(false)
  for (const one of [{ ...nothing, cursor: 2 }, { ...nothing, run_requests: [{ job_name: 'one' }] }, {}]) expect(isAnswer(one)).toBe(false)
})
