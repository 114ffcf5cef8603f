import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dagsterRuns } from '../support/dagster-instance.ts'
import { startDev } from '../support/dev-server.ts'
import { launchRun } from '../support/graphql.ts'
import { lacks, needsProc, needsPython } from '../support/needs.ts'
import { takePort } from '../support/ports.ts'
import { type Running, whatIsLeft } from '../support/processes.ts'
import { smallProject, type TestProject } from '../support/test-project.ts'

/** `slow` says by a file that it has begun, starts its own process, and would take a minute. */
const definitions = `
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { asset, definitions, job } from 'dagma'

const first = asset({ key: 'first', run: () => 1 })
const slow = asset({
  key: 'slow',
  deps: [first],
  run: async () => {
    spawn('sleep', ['60'], { stdio: 'ignore' })
    writeFileSync('slow.begun', '')
    await new Promise((resolve) => setTimeout(resolve, 60_000))
  },
})
export default definitions({ assets: [first, slow], jobs: [job({ name: 'slow_job', selection: '*' })] })
`

interface ShownRun {
  readonly runId: string
  readonly status: string
}

let project: TestProject
let started: Running | undefined

beforeEach(() => {
  project = smallProject(definitions)
  started = undefined
})
afterEach(() => {
  started?.kill()
  project[Symbol.dispose]()
})

const hasBegun = (): boolean => existsSync(join(project.folder, 'slow.begun'))

describe('a run whose process is killed', () => {
  it('is marked as failed by the next command, with what was recorded before', async () => {
    started = project.startDagma(['job', 'launch', '-j', 'slow_job'])
    await started.until(hasBegun)
    const [before] = await project.dagmaJson<ShownRun[]>(['run', 'list'])
    expect(before?.status).toBe('STARTED')

    started.child.kill('SIGKILL')
    await started.ended

    const [after, ...others] = await project.dagmaJson<ShownRun[]>(['run', 'list'])
    expect(others).toEqual([])
    expect(after).toMatchObject({ runId: before?.runId, status: 'FAILURE' })
    const { events } = await project.dagmaJson<{ events: { type: string; step?: string; message?: string }[] }>([
      'run',
      'show',
      after?.runId ?? '',
    ])
    expect(events.map(({ type, step }) => (step === undefined ? type : `${type} ${step}`))).toEqual([
      'RUN_START',
      'STEP_START first',
      'ASSET_MATERIALIZATION first',
      'STEP_SUCCESS first',
      'STEP_START slow',
      'RUN_FAILURE',
    ])
    expect(events.at(-1)?.message).toBe('The process of this run exited before the run ended.')
    expect(await project.dagmaJson(['asset', 'show', 'first'])).toMatchObject({ latestMaterialization: { asset: 'first' } })
  })
})

describe('a run whose terminal is closed', () => {
  it('is canceled, and recorded so', async () => {
    started = project.startDagma(['job', 'launch', '-j', 'slow_job'])
    await started.until(hasBegun)
    started.child.kill('SIGHUP')
    started.child.kill('SIGHUP')
    expect((await started.ended).code).toBe(1)
    expect(await project.dagmaJson<ShownRun[]>(['run', 'list'])).toMatchObject([{ status: 'CANCELED' }])
  })
})

describe.skipIf(lacks(needsPython(), needsProc()))('dagma dev', () => {
  const withRunUnderWay = async () => {
    const dev = await startDev(project)
    started = dev.running
    const runId = await launchRun(dev.address, 'slow_job')
    await started.until(hasBegun)
    const commands = started.family().map(({ command }) => command)
    expect(commands).toContainEqual(expect.stringMatching(/dagma\.js worker$/))
    expect(commands).toContain('sleep 60')
    return { ...dev, runId }
  }

  it('ends on Ctrl-C in the middle of a run: the run is over, no process is left, the port is free', async () => {
    const { running, port, runId } = await withRunUnderWay()
    running.child.kill('SIGINT')
    expect((await running.ended).code).toBe(0)
    expect(await whatIsLeft(running)).toEqual([])
    expect((await dagsterRuns(project)).map(({ run_id, status }) => [run_id, status])).toEqual([[runId, 'FAILURE']])
    const { server } = await takePort(port)
    server.close()
  })

  it('ends at once on the second Ctrl-C, with no process left', async () => {
    const { running } = await withRunUnderWay()
    running.child.kill('SIGINT')
    await running.until(({ stderr }) => stderr.includes('interrupt again'))
    running.child.kill('SIGINT')
    expect((await running.ended).code).toBe(130) // the first one alone ends with 0, after the runs have
    expect(await whatIsLeft(running)).toEqual([])
  })

  it('ends when the terminal is closed, with no process left', async () => {
    const { running } = await withRunUnderWay()
    running.child.kill('SIGHUP')
    running.child.kill('SIGHUP')
    expect((await running.ended).code).toBe(0)
    expect(await whatIsLeft(running)).toEqual([])
  })

  it('leaves no process when it is killed, and the run is over', async () => {
    const { running, runId } = await withRunUnderWay()
    running.child.kill('SIGKILL')
    await running.ended
    expect(await whatIsLeft(running, 60_000)).toEqual([])
    expect((await dagsterRuns(project)).map(({ run_id, status }) => [run_id, status])).toEqual([[runId, 'FAILURE']])
  })

  it("says so when Dagster's daemon is killed, and ends with 1", async () => {
    const { running } = await startDev(project)
    started = running
    const daemon = running.family().find(({ command }) => command.includes('-m dagster._daemon'))
    process.kill(daemon?.pid ?? Number.NaN, 'SIGKILL')
    const { code, stderr } = await running.ended
    expect(code).toBe(1)
    expect(stderr).toMatch(/error: Dagster exited unexpectedly: dagster-daemon process shut down unexpectedly.* \[DAGMA_DAGSTER_ENDED\]/)
    expect(await whatIsLeft(running)).toEqual([])
  })

  it('says that its port is taken, starts nothing, and ends with 1', async () => {
    const { port, server } = await takePort()
    try {
      const { code, stdout, stderr } = await project.dagma(['dev', '-p', String(port)])
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toContain(`Port ${port} is in use. Stop the program that uses it, or choose another port with -p. [DAGMA_PORT_TAKEN]`)
    } finally {
      server.close()
    }
  })
})

describe('what was typed wrong', () => {
  it.each([
    [['job', 'launch', '-j', 'slow_jobb'], 'There is no job "slow_jobb" (jobs: slow_job).'],
    [['asset', 'materialize', '--select', 'sloww'], 'Did you mean "slow"?'],
    [['asset', 'show', 'sloww'], 'Did you mean "slow"?'],
    [['asset', 'list', '-m', 'src/nothing.ts'], 'There is no definitions module at'],
    [['run', 'show', 'nothing'], 'There is no run "nothing"'],
    [['dev', '-p', '99999'], 'Pass a port from 1 to 65535.'],
    [['no-such-command'], 'unknown command'],
  ])('ends with 2: dagma %s', async (args, said) => {
    const { code, stdout, stderr } = await project.dagma(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(said)
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})
