/** Commands on a project with every kind of definition, as whole processes. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { commandLine, dagma } from '../test/processes.ts'
import { temporaryFolder } from '../test/temporary.ts'

const definitions = `import { asset, assetCheck, dailyPartitions, definitions, job, observableAsset, retryPolicy, runRequest, schedule, sensor, skipReason } from '${dagma}'
import { z } from '${import.meta.resolve('zod')}'
const days = dailyPartitions({ start: '2026-01-01', end: '2026-01-05' })
const raw = asset({ key: 'raw', partitions: days, run: ({ partitionKey, log }) => { if (process.env.FLAKY === partitionKey) throw new Error('not now'); log.info('making ' + partitionKey); return partitionKey } })
const good = asset({ key: 'good', keyPrefix: 'mart', group: 'sales', description: 'What sells.\\n\\n- a list', owners: ['team:data'], tags: { tier: 'gold', new: '' }, kinds: ['csv'], codeVersion: '2', metadata: { rows: 4 }, run: () => 4 })
const even = assetCheck({ asset: good, name: 'even', run: async ({ load, log }) => { if (process.env.FLAKY === 'check') { log.info('checking'); throw new Error('not now') } return { passed: (await load()) % 2 === 0 } } })
const feed = observableAsset({ key: 'feed', run: () => ({ dataVersion: '7' }) })
const flaky = asset({ key: 'flaky', run: () => { if (process.env.FLAKY === 'fails') throw new Error('not now'); return 1 } })
const login = asset({ key: 'login', config: z.object({ key: z.string() }), run: () => { throw new Error('down') } })
const after = asset({ key: 'after', deps: [flaky], run: () => 2 })
const twice = asset({ key: 'mart/twice', retryPolicy: retryPolicy({ maxRetries: 1 }), run: ({ log }) => { log.info('trying'); throw new Error('never') } })
const last = asset({ key: 'mart/last', deps: [twice], run: () => 1 })
const nightly = job({ name: 'nightly', selection: [good, flaky, after] })
export default definitions({
  assets: [raw, good, feed, flaky, after, login, twice, last], checks: [even], jobs: [nightly],
  schedules: [schedule({ name: 'at_two', job: nightly, cronSchedule: '0 2 * * *', evaluate: ({ scheduledTime, log }) => { log.info('asked'); return runRequest({ tags: { at: scheduledTime.toISOString() } }) } }),
    schedule({ name: 'in_tokyo', job: nightly, cronSchedule: '30 2 * * *', executionTimezone: 'Asia/Tokyo' })],
  sensors: [sensor({ name: 'watch', job: nightly, run: ({ cursor }) => cursor === '2' ? skipReason('nothing new') : ({ runRequests: [runRequest({ runKey: 'k' })], cursor: '2', dynamicPartitions: [{ partitions: 'files', add: ['a', 'b'] }] }) })],
})
`

let folder = ''
beforeEach(() => {
  folder = temporaryFolder({ 'package.json': '{"name":"p","type":"module","dagma":{}}', 'src/definitions.ts': definitions })
})

function cli(args: string, env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...commandLine, ...args.split(' ')], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', ...env },
  })
  return { status, stdout, stderr }
}

const json = (args: string) => JSON.parse(cli(`${args} --json`).stdout)

describe('partitions', () => {
  test('a range makes a run of each, oldest first', () => {
    const { status, stdout } = cli('asset materialize -s raw --partition-range 2026-01-02...2026-01-04')
    expect([status, stdout.match(/✓ raw \[.+?\]/g)]).toEqual([0, ['✓ raw [2026-01-02]', '✓ raw [2026-01-03]', '✓ raw [2026-01-04]']])
    expect(json('run list -n 3').map((run: { partitionKey: string }) => run.partitionKey)).toEqual([
      '2026-01-04',
      '2026-01-03',
      '2026-01-02',
    ])
  })

  test('each run says its partition, and a range in the end which did not succeed', () => {
    const env = { FLAKY: '2026-01-03' }
    const { status, stdout } = cli('asset materialize -s raw --partition-range 2026-01-02...2026-01-04', env)
    const [, id] = /^\[2\/3\] Run ([0-9a-f]{8})\S* \[2026-01-03\]$/m.exec(stdout) ?? []
    expect([status, stdout.trimEnd().split('\n').at(-1)]).toEqual([1, `2 of 3 partitions succeeded. These did not: 2026-01-03 (${id}).`])
    expect(cli('run list').stdout).toMatch(/FAILURE {2}raw {5}2026-01-03 /)
    expect(cli(`run show ${id}`).stdout).toMatch(/^Run \S+ \[2026-01-03\]\n/)
    expect(cli(`run retry ${id}`).stdout).toMatch(/^Run \S+ \[2026-01-03\]\n/)
  })

  test.each([
    ['--partition 2026-01-09', 'is not a partition of "raw"'],
    ['--partition-range 2026-01-04...2026-01-02', 'ends before it starts: "2026-01-02" comes before "2026-01-04"'],
    ['--partition-range 2026-01-04...2026-01-09', '"2026-01-09" is not a partition of "raw"'],
    ['--partition-range 2026-01-02...', 'must be a partition, two with "..." between them'],
    ['--partition a --partition-range a...b', "cannot be used with option '--partition-range"],
    ['', 'but the run was started without a partition'],
  ])('%s is wrong usage', (options, message) => {
    const { status, stderr } = cli(`asset materialize -s raw ${options}`.trim())
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)])
  })
})

test('assets are named by their keys, in live output and in recorded runs, and retries are counted', () => {
  const live = cli('asset materialize -s mart/twice,mart/last').stdout
  expect(live).toContain('mart/twice info: trying')
  expect(live).toMatch(/↻ mart\/twice {2}failed, retrying \(attempt 2 of 2\)/)
  expect(live).toMatch(/✗ mart\/twice {2}/)
  expect(live).toContain('Step "mart/twice" failed: never.')
  expect(live).toContain('- mart/last  skipped because mart/twice did not succeed')
  const { runId } = json('run list -n 1')[0]
  const recorded = `${cli(`run show ${runId}`).stdout}${cli(`run logs ${runId} --step mart/twice`).stdout}`
  expect(recorded).toMatch(/↻ mart\/twice {2}failed, retrying \(attempt 2\)/)
  for (const text of [live, recorded]) expect(text).not.toContain('mart__')
  cli('asset materialize -s mart/good')
  expect(cli('asset check -s mart/good').stdout).toContain('mart/good:even')
  expect(cli('run list -n 1').stdout).toMatch(/SUCCESS {2}mart\/good:even /)
})

test('a check whose function throws is named by its asset and its name in recorded runs', () => {
  cli('asset materialize -s mart/good')
  cli('asset check -s mart/good', { FLAKY: 'check' })
  const { runId } = json('run list -n 1')[0]
  expect(cli('run list -n 1').stdout).toMatch(/FAILURE {2}mart\/good:even /)
  expect(cli(`run show ${runId}`).stdout).toContain('✗ mart/good:even')
  expect(cli(`run logs ${runId} --step mart/good:even`).stdout).toMatch(/ mart\/good:even info checking\n$/)
})

test('selected assets that cannot be observed are named', () => {
  const { status, stderr } = cli('asset observe -s feed,mart/good')
  expect([status, stderr]).toEqual([0, 'Skipped, because it is not observable: mart/good.\n'])
  expect(cli('asset materialize -s flaky').stderr).toBe('')
})

test('a range with --json gives one list, and an unknown job is named', () => {
  const runs = json('asset materialize -s raw --partition-range 2026-01-02...2026-01-03')
  expect(runs.map((run: { status: string }) => run.status)).toEqual(['SUCCESS', 'SUCCESS'])
  expect(cli('job launch -j daily --partition-range a...b').stderr).toContain('There is no job "daily" (jobs: nightly).')
})

test('what a run cannot do with the assets that it selects', () => {
  expect(cli('asset observe -s mart/good').stderr).toContain('This run selects no observable asset ("mart/good").')
  expect(cli('asset check -s flaky').stderr).toContain('selects no asset with a check in its own step')
  expect(cli('asset materialize -s feed').stderr).toContain('selects no asset that this project materializes')
})

test('checks and observations alone', () => {
  cli('asset materialize -s mart/good')
  expect(cli('asset check -s mart/good').stdout).toContain('✓ mart/good:even  passed')
  expect(cli('asset observe -s feed').stdout).toContain('◉ feed')
  expect(cli('asset observe -s mart/good')).toMatchObject({ status: 2, stderr: expect.stringContaining('DAGMA_SELECTION_EMPTY') })
})

test('a failed run is retried from where it failed, with its tags; one that succeeded is not', () => {
  const failed = cli('job launch -j nightly --tag team=data', { FLAKY: 'fails' })
  expect([failed.status, failed.stdout]).toEqual([1, expect.stringContaining('skipped because flaky did not succeed')])
  const [run] = json('run list -n 1')
  expect(JSON.parse(cli(`run retry ${run.runId} --json`, { FLAKY: 'fails' }).stdout)).toMatchObject({ status: 'FAILURE' })
  const [failedRetry] = json('run list -n 1')
  expect(cli(`run retry ${run.runId}`)).toMatchObject({ status: 2, stderr: expect.stringContaining(failedRetry.runId.slice(0, 8)) })
  const { status, stdout } = cli(`run retry ${failedRetry.runId.slice(0, 8)}`)
  expect([status, stdout.match(/✓ \S+/g)]).toEqual([0, ['✓ flaky', '✓ after']])
  const [retry] = json('run list -n 1')
  expect(retry).toMatchObject({ status: 'SUCCESS', jobName: 'nightly', parentRunId: failedRetry.runId, tags: { team: 'data' } })
  expect(cli(`run retry ${retry.runId}`)).toMatchObject({ status: 2, stderr: expect.stringContaining('it succeeded') })
})

test('a run whose config held a secret is not retried: the log kept no secret', () => {
  cli('asset materialize -s login --config {"login":{"key":"sk-abcdefghijklmnopqrstuvwxyz"}}')
  const [run] = json('run list -n 1')
  expect(cli(`run retry ${run.runId}`)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('the config of "login" held a secret'),
  })
  expect(json('run list')).toHaveLength(1)
})

test('log lines of a run, of one step', () => {
  cli('asset materialize -s raw --partition 2026-01-01')
  const [{ runId }] = json('run list -n 1')
  expect(cli(`run logs ${runId}`).stdout).toMatch(/^\S+ raw info making 2026-01-01\n$/)
  expect(cli(`run logs ${runId} --step raw`).stdout).toContain('making 2026-01-01')
  expect(cli(`run logs ${runId} --step other`)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('is not a step of the run. Its steps are raw.'),
  })
})

test('reading a project writes nothing to it', () => {
  for (const args of [
    'run list',
    'run show x',
    'run logs x',
    'run retry x',
    'asset show raw',
    'asset list',
    'sensor preview watch',
    'definitions validate',
  ])
    expect(cli(args).status).toBe(/ x$/.test(args) ? 2 : 0)
  expect(existsSync(join(folder, '.dagma'))).toBe(false)
})

test('everything that is declared of an asset is shown', () => {
  expect(cli('asset show mart/good').stdout).toBe(
    [
      'mart/good  (group sales)',
      '  What sells.',
      '',
      '  - a list',
      '  upstream: none',
      '  owners: team:data',
      '  tags: tier=gold, new',
      '  kinds: csv',
      '  code version: 2',
      '  checks: even',
      '    rows  4',
      '  never materialized',
      '',
    ].join('\n'),
  )
  expect(json('asset show mart/good')).toMatchObject({
    owners: ['team:data'],
    tags: { tier: 'gold', new: '' },
    codeVersion: '2',
    partitions: null,
    checks: ['even'],
    metadata: { rows: { type: 'int', raw_value: 4 } },
  })
  expect(cli('asset show raw').stdout).toMatch(/ {2}partitions: daily, .*\n/)
})

test('ticks are shown, nothing is started', () => {
  expect(json('schedule list')).toMatchObject([
    { name: 'at_two', cronSchedule: '0 2 * * *', executionTimezone: 'UTC' },
    { name: 'in_tokyo' },
  ])
  expect(cli('schedule preview in_tokyo -n 1').stdout).toMatch(/^\S+T17:30:00.000Z {2}\S+ 02:30 Asia\/Tokyo\n/)
  expect(cli('sensor preview watch').stdout).toContain('partitions of files: +a, +b\n')
  const preview = json('schedule preview at_two -n 2')
  expect(preview.ticks).toHaveLength(2)
  expect(preview.first).toMatchObject({
    runRequests: [{ jobName: 'nightly', tags: { at: preview.ticks[0] } }],
    logs: [{ level: 'info', message: 'asked' }],
  })
  expect(json('sensor list')).toMatchObject([{ name: 'watch', jobNames: ['nightly'] }])
  expect(json('sensor preview watch')).toMatchObject({ runRequests: [{ runKey: 'k' }], cursor: '2' })
  expect(cli('sensor preview watch --cursor 2').stdout).toBe('no run: nothing new\n')
  expect(cli('sensor preview wach')).toMatchObject({ status: 2, stderr: expect.stringContaining('DAGMA_TICK_UNKNOWN') })
})

test('definitions are counted, the version printed, words completed', () => {
  expect(json('definitions validate')).toEqual({ assets: 8, checks: 1, jobs: 1, schedules: 2, sensors: 1 })
  expect(cli('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  expect(cli('complete -- asset ').stdout).toMatch(/^materialize\t/m)
  expect(cli('complete bash').stdout).toContain('dagma')
})

describe('run prune', () => {
  test('removes what is not kept, and says so', () => {
    for (let run = 0; run < 3; run++) cli('asset materialize -s mart/good')
    expect(cli('run prune --keep 1 --dry-run').stdout).toMatch(/^Would remove 2 runs and \d+ events\.$/m)
    expect(json('run list')).toHaveLength(3)
    expect(json('run prune --keep 1')).toMatchObject({ runs: 2, keptInPart: 0, dryRun: false })
    expect(json('run list')).toHaveLength(1)
    expect(cli('asset show mart/good').stdout).toContain('materialized')
  })

  test.each([
    ['run prune', "required option '--keep"],
    ['run prune --keep soon', 'Pass an age such as 30d'],
    ['run prune --keep 3 -s nothing', '"nothing"'],
  ])('%s is wrong usage', (args, message) => {
    const { status, stderr } = cli(args)
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)])
  })
})

/** Names of members that are not in camelCase, with their paths; metadata, tags and config have the names that their authors gave. */
function otherNames(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => [
    ...(/^(?:\d+|[a-z][a-zA-Z]*)$/.test(name) ? [] : [`${path}${name}`]),
    ...(['metadata', 'tags', 'config'].includes(name) ? [] : otherNames(member, `${path}${name}.`)),
  ])
}

test('--json prints one document, its names in camelCase', () => {
  cli('job launch -j nightly', { FLAKY: 'fails' })
  const [{ runId }] = json('run list')
  for (const args of [
    'asset list',
    'asset show raw',
    'asset show mart/good',
    'asset materialize -s mart/good',
    'asset check -s mart/good',
    'asset observe -s feed',
    'job list',
    'run list',
    `run show ${runId}`,
    `run logs ${runId}`,
    `run retry ${runId}`,
    'schedule list',
    'schedule preview at_two',
    'sensor list',
    'sensor preview watch',
    'definitions validate',
    'doctor -t 1',
  ])
    expect([args, otherNames(json(args))]).toEqual([args, []])
})
