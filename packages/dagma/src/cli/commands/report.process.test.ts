/** `dagma report` and `--report` as whole processes. In the place of Python stands a program that keeps its request and answers as `dagma.report` does. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { beforeEach, describe, expect, test } from 'vitest'
import type { ReportRequest } from '../../dagster/report/reporter.ts'
import { EventLog } from '../../engine/event-log.ts'
import { commandLine, dagma } from '../../test/processes.ts'
import { temporaryFolder } from '../../test/temporary.ts'

const definitions = `import { asset, assetCheck, dailyPartitions, definitions, job, MetadataValue, materializeResult, observableAsset } from '${dagma}'
const page = asset({ key: 'page', run: () => materializeResult(1, { metadata: { link: MetadataValue.url('https://example.com') } }) })
const ok = assetCheck({ asset: page, name: 'ok', run: () => ({ passed: true }) })
const daily = asset({ key: 'daily', partitions: dailyPartitions({ start: '2026-01-01', end: '2026-01-05' }), run: () => 1 })
const feed = observableAsset({ key: 'feed', run: () => ({ dataVersion: '7' }) })
const flaky = asset({ key: 'flaky', run: () => { if (process.env.FLAKY) throw new Error('not now'); return 1 } })
export default definitions({ assets: [page, daily, feed, flaky], checks: [ok], jobs: [job({ name: 'both', selection: [page, flaky] })] })
`

/** Answers that it reported all, or what `answer` in its folder says; `refusal` makes it fail with that text. */
const python = `#!${process.execPath}
const { existsSync, readFileSync, writeFileSync } = require('node:fs')
const request = JSON.parse(readFileSync(0, 'utf8'))
writeFileSync('request.json', JSON.stringify({ request, home: process.env.DAGSTER_HOME, args: process.argv.slice(2) }))
if (existsSync('refusal')) { process.stderr.write(readFileSync('refusal')); process.exit(1) }
console.log('printed by a plugin')
console.log(existsSync('answer') ? readFileSync('answer', 'utf8') : JSON.stringify({ reported: request.events.map((event) => event.id) }))
`

let folder = ''
beforeEach(() => {
  folder = temporaryFolder({
    'package.json': '{"name":"p","type":"module","dagma":{}}',
    'src/definitions.ts': definitions,
    'bin/python.cjs': python,
  })
  chmodSync(join(folder, 'bin/python.cjs'), 0o755)
})

async function cli(args: string, env: Record<string, string | undefined> = {}) {
  const own = { NO_COLOR: '1', FORCE_COLOR: undefined, DAGSTER_HOME: undefined, DAGSTER_URL: undefined, FLAKY: undefined }
  const child = spawn(process.execPath, [...commandLine, ...args.split(' ')], {
    cwd: folder,
    env: { ...process.env, ...own, DAGMA_PYTHON: join(folder, 'bin/python.cjs'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { status, stdout, stderr }
}

const asked = (): { request: ReportRequest; home: string; args: string[] } => JSON.parse(readFileSync(join(folder, 'request.json'), 'utf8'))
const kinds = (): string[] => asked().request.events.map(({ type }) => type)

describe('dagma report', () => {
  test('reports the latest run to the instance of dagma dev, or the one of DAGSTER_HOME', async () => {
    await cli('asset observe -s feed')
    await cli('asset materialize -s page')
    const { status, stdout } = await cli('report')
    const home = join(folder, '.dagma', 'dagster-home')
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/^Run [0-9a-f-]{36}: reported to Dagster in .+dagster-home: 1 materialization, 1 check\.\n$/),
    ])
    expect(asked()).toMatchObject({ home, args: ['-m', 'dagma.report', join(folder, '.dagma', 'report.lock')] })
    expect(kinds()).toEqual(['materialization', 'check'])
    expect(asked().request.events[0]?.metadata.link).toEqual({ type: 'url', raw_value: 'https://example.com' })
    await cli('report', { DAGSTER_HOME: '/of/another' })
    expect(asked().home).toBe('/of/another')
  })

  test('reports the named runs, each once, and says what already in Dagster', async () => {
    await cli('asset observe -s feed')
    await cli('asset materialize -s page')
    const [page, feed] = JSON.parse((await cli('run list --json')).stdout) as [{ runId: string }, { runId: string }]
    writeFileSync(join(folder, 'answer'), JSON.stringify({ reported: [] }))
    const { stdout } = await cli(`report ${feed.runId.slice(0, 13)} ${page.runId} ${feed.runId}`)
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(`^Run ${feed.runId}: nothing to report to Dagster in .*; 1 event already in Dagster.$`),
      expect.stringMatching(`^Run ${page.runId}: nothing to report to Dagster in .*; 2 events already in Dagster.$`),
      '',
    ])
    expect(kinds()).toEqual(['observation', 'materialization', 'check'])
    const reports = JSON.parse((await cli(`report ${feed.runId} ${page.runId} --json`)).stdout)
    expect(reports).toMatchObject([
      { runId: feed.runId, alreadyThere: 1 },
      { runId: page.runId, alreadyThere: 2 },
    ])
  })

  test('asks nobody about a run in which nothing happened', async () => {
    expect((await cli('asset materialize -s flaky', { FLAKY: '1' })).status).toBe(1)
    const { status, stdout } = await cli('report --json')
    expect([status, JSON.parse(stdout)]).toMatchObject([0, [{ runId: expect.any(String), materializations: 0, alreadyThere: 0 }]])
    expect(existsSync(join(folder, 'request.json'))).toBe(false)
  })

  test('is wrong usage without a run, for an unknown one, for one still running, and for a wrong address', async () => {
    expect(await cli('report')).toMatchObject({ status: 2, stderr: expect.stringContaining('There is no run in this project') })
    expect(await cli('report 1234')).toMatchObject({ status: 2, stderr: expect.stringContaining('There is no run "1234"') })
    using log = EventLog.open(folder)
    log.startRun({
      runId: 'r1',
      jobName: null,
      steps: [],
      assetKeys: [],
      partitionKey: null,
      partitionKeyRange: null,
      tags: {},
      config: {},
      parentRunId: null,
    })
    expect(await cli('report r1')).toMatchObject({ status: 2, stderr: expect.stringContaining('[DAGMA_RUN_NOT_REPORTABLE]') })
    log.endRun('r1', 'SUCCESS', '')
    expect(await cli('report --to localhost')).toMatchObject({ status: 2, stderr: expect.stringContaining('"--to" must be') })
    expect(await cli('report', { DAGSTER_URL: 'http://a:b@c' })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('"DAGSTER_URL" must be'),
    })
  })

  test('without Python says how to get it', async () => {
    await cli('asset materialize -s page')
    expect(await cli('report', { DAGMA_PYTHON: undefined })).toMatchObject({
      status: 1,
      stderr:
        'error: No Python environment can report to Dagster: there is no environment of this version of Dagma in .dagma/python. Run `npx dagma dev --check` once to create one, or report to a Dagster web server with --to. [DAGMA_REPORT_NO_PYTHON]\n',
    })
    const nowhere = await cli('report', { DAGMA_PYTHON: '/nowhere/python' })
    expect([nowhere.status, nowhere.stderr]).toEqual([1, expect.stringContaining('there is no program /nowhere/python')])
    writeFileSync(join(folder, 'refusal'), '/usr/bin/python3: No module named dagma\n')
    expect((await cli('report')).stderr).toContain('does not have this version of the package dagster-dagma')
  })

  test('that fails says why, and how to continue', async () => {
    await cli('asset materialize -s page')
    writeFileSync(join(folder, 'refusal'), 'OperationalError: postgres://me:hidden-word@db is gone\n')
    const { status, stdout, stderr } = await cli('report')
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(
      /^error: Reporting to Dagster in .* failed; events that were reported before are kept\. Fix the error below, then run `dagma report [0-9a-f-]{36}`; events that Dagster already has are skipped\. \[DAGMA_REPORT_FAILED\]\ncaused by Error: OperationalError: postgres:\/\/\[redacted\]@db is gone\n/,
    )
  })
})

describe('--report', () => {
  test('reports the run after its end, checks, observations, jobs and retries too', async () => {
    expect((await cli('asset materialize -s page --report')).stdout).toMatch(
      /SUCCESS in .*\nRun .*: reported to .*: 1 materialization, 1 check\.\n$/,
    )
    expect((await cli('asset check -s page --report')).stdout).toMatch(/: 1 check\.\n$/)
    expect((await cli('asset observe -s feed --report')).stdout).toMatch(/: 1 observation\.\n$/)
    const failed = await cli('job launch -j both --report', { FLAKY: '1' })
    expect([failed.status, failed.stdout]).toEqual([1, expect.stringMatching(/FAILURE in .*\nRun .*: 1 materialization, 1 check\.\n$/)])
    const [run] = JSON.parse((await cli('run list -n 1 --json')).stdout) as [{ runId: string }]
    expect((await cli(`run retry ${run.runId} --report`)).stdout).toMatch(/: 1 materialization\.\n$/)
  })

  test('reports the runs of a range together', async () => {
    const { stdout } = await cli('asset materialize -s daily --partition-range 2026-01-01...2026-01-03 --report --json')
    expect(JSON.parse(stdout)).toMatchObject([1, 2, 3].map(() => ({ status: 'SUCCESS', report: { materializations: 1, limits: null } })))
    expect(asked().request.events).toMatchObject(['01', '02', '03'].map((day) => ({ partition: `2026-01-${day}` })))
  })

  test('that fails makes the exit code 1 after a good run, which is shown', async () => {
    writeFileSync(join(folder, 'refusal'), 'no\n')
    const { status, stdout, stderr } = await cli('asset materialize -s page --report --json')
    expect([status, stderr]).toEqual([1, expect.stringContaining('[DAGMA_REPORT_FAILED]')])
    expect(JSON.parse(stdout)).toMatchObject({ status: 'SUCCESS', report: null })
  })

  test('without a way to Dagster runs nothing', async () => {
    expect(await cli('asset materialize -s page --report', { DAGMA_PYTHON: undefined })).toMatchObject({ status: 1, stdout: '' })
    expect(await cli('asset materialize -s page --to here')).toMatchObject({ status: 2, stdout: '' })
    expect(JSON.parse((await cli('run list --json')).stdout)).toEqual([])
  })
})
