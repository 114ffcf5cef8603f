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

const definitions = `import { asset, definitions, job, runRequest, schedule, secret, sensor, skipReason } from '${dagma}'
const key = secret('TICK_TEST_KEY')
const a = asset({ key: 'a', run: () => 1 })
const [one, two] = ['one', 'two'].map((name) => job({ name, selection: [a] }))
const at = (name, evaluate) => schedule({ name, job: one, cronSchedule: '0 2 * * *', evaluate })
const watch = (name, run) => sensor({ name, job: [one, two], run })
export default definitions({
  assets: [a], jobs: [one, two],
  schedules: [
    at('plain'),
    at('several', ({ scheduledTime, log }) => {
      log.warning('asked with ' + key.reveal())
      return [runRequest({ runKey: scheduledTime.toISOString() }), runRequest({ config: { a: { n: 1 } }, tags: { t: 'x' }, partitionKey: 'p' })]
    }),
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
const sensor = (name: string, cursor: string | null = null) => ({ kind: 'sensor', name, cursor })
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
      { ...run, config: { a: { n: 1 } }, tags: { t: 'x' }, partition_key: 'p' },
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

test('no run, with a reason or without', () => {
  expect(answer(sensor('quiet'))).toEqual({ ...nothing, skip_reason: 'nothing new' })
  expect(answer(sensor('silent'))).toEqual(nothing)
})

test('a function that throws ends it with 1, an unknown name with 2; neither answers', () => {
  expect(tick(schedule('throwing'))).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('no calendar: [redacted]') })
  expect(tick(sensor('fils'))).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('[DAGMA_TICK_UNKNOWN]') })
})

test('the schema refuses what is no message of it', () => {
  const spoiled = [
    { kind: 'schedule', name: 'plain' },
    { ...sensor('files'), extra: 1 },
    { ...schedule('plain'), kind: 'timetable' },
  ]
  for (const request of spoiled) expect(isRequest(request)).toBe(false)
  for (const one of [{ ...nothing, cursor: 2 }, { ...nothing, run_requests: [{ job_name: 'one' }] }, {}]) expect(isAnswer(one)).toBe(false)
})
