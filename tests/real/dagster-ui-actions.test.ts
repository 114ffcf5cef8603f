import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, screenshot } from '../support/browser.ts'
import { clickableDefinitions } from '../support/clickable-project.ts'
import {
  hasEnded,
  type ShownAutomation,
  type ShownBackfill,
  type ShownRun,
  shownAutomation,
  shownBackfills,
  shownRuns,
} from '../support/dagster-state.ts'
import { DagsterUi } from '../support/dagster-ui.ts'
import { type DevServer, startDev } from '../support/dev-server.ts'
import { graphql, launchRun } from '../support/graphql.ts'
import { lacks, needsChromium, needsProc, needsPython } from '../support/needs.ts'
import { whatIsLeft } from '../support/processes.ts'
import { smallProject, type TestProject } from '../support/test-project.ts'

const location = '/locations/dagma.definitions'

describe.skipIf(lacks(needsPython(), needsChromium(), needsProc()))('in the Dagster UI a person', () => {
  let project: TestProject
  let dev: DevServer
  let browser: Browser
  let ui: DagsterUi

  beforeAll(async () => {
    project = smallProject(clickableDefinitions)
    make('notes.txt', '')
    make('.env', 'SHOP_NAME=first\nSHOP_OLD=1\n')
    dev = await startDev(project)
    browser = await openBrowser()
    ui = await DagsterUi.open(await browser.newPage({ viewport: { width: 1600, height: 1000 } }), dev.address)
  })

  afterAll(async () => {
    await browser?.close()
    dev?.running.kill()
    project?.[Symbol.dispose]()
  })

  /** The lines that the project's steps have written, oldest first. */
  const notes = (): string[] => readFileSync(join(project.folder, 'notes.txt'), 'utf8').trimEnd().split('\n')
  const notesOf = (asset: string): string[] => notes().filter((line) => line.startsWith(`${asset}:`))
  const make = (file: string, content: string): void => writeFileSync(join(project.folder, file), content)
  const openJob = (name: string): Promise<void> => ui.goto(`${location}/jobs/${name}`)

  async function shownRun(): Promise<ShownRun> {
    const [run] = await shownRuns(dev.address, { runIds: [ui.shownRunId] })
    if (run === undefined) throw new Error(`Dagster does not know the run of ${ui.page.url()}.`)
    return run
  }

  /** Waits for the end of the runs that a filter lets through, of which there is at least one; newest first. */
  const endedRuns = (filter: object): Promise<ShownRun[]> =>
    dev.running.until(async () => {
      const runs = await shownRuns(dev.address, filter)
      return runs.length > 0 && runs.every(hasEnded) && runs
    })

  /** How many partitions of an asset are materialized. */
  async function materializedPartitions(asset: string): Promise<number> {
    const query = `{ assetNodeOrError(assetKey: { path: ["${asset}"] }) { ... on AssetNode { partitionStats { numMaterialized } } } }`
    const { data } = await graphql(dev.address, query)
    return (data as { assetNodeOrError: { partitionStats: { numMaterialized: number } } }).assetNodeOrError.partitionStats.numMaterialized
  }

  /** The backfill that has this partition, when it is completed. */
  const completedBackfill = (partition: string): Promise<ShownBackfill> =>
    dev.running.until(async () => {
      const backfills = await shownBackfills(dev.address)
      return backfills.find(({ status, partitionNames }) => status.startsWith('COMPLETED') && partitionNames?.includes(partition))
    })

  /** The ticks of a schedule or sensor that went well and asked for a run, as soon as there is one; newest first. */
  const successfulTicks = (name: string): Promise<ShownAutomation['ticks']> =>
    dev.running.until(async () => {
      const ticks = (await shownAutomation(dev.address, name)).ticks.filter(({ status }) => status === 'SUCCESS')
      return ticks.length > 0 && ticks
    })

  /** Turns a schedule or sensor on by the switch on its page. */
  async function turnOn(kind: 'schedules' | 'sensors', name: string): Promise<void> {
    await ui.goto(`${location}/${kind}/${name}`)
    await ui.page.locator('tr').filter({ hasText: 'Running' }).locator('label').click()
    await dev.running.until(async () => (await shownAutomation(dev.address, name)).status === 'RUNNING')
  }

  /** A row of the ticks on the page of a schedule or sensor. */
  const shownTick = (): Locator => ui.page.locator('tr').filter({ hasText: '1 run requested' }).filter({ hasText: 'View logs' }).first()

  // What Dagster's daemon does in its own time is started first, and checked last.
  it('turns a schedule on, and launches a backfill of all partitions', async () => {
    await turnOn('schedules', 'every_minute')
    await openJob('visits_job')
    await ui.button(/^Materialize…$/).click()
    await ui.button(/^All$/).click()
    await screenshot(ui.page, 'action-1-backfill')
    await ui.button(/^Launch backfill$/).click()
    await dev.running.until(async () => (await shownBackfills(dev.address)).length === 1)
  })

  it('launches a backfill of an asset whose partitions go into one run', async () => {
    await ui.goto('/assets/readings')
    await ui.button(/^Materialize…$/).click()
    await ui.button(/^All$/).click()
    await ui.page.getByText('Backfills all partitions in a single run.').waitFor()
    await screenshot(ui.page, 'action-11-single-run')
    await ui.button(/^Launch backfill$/).click()
    await dev.running.until(async () => (await shownBackfills(dev.address)).length === 2)
  })

  it('launches a backfill of which a part waits', async () => {
    await ui.goto('/assets/shelves')
    await ui.button(/^Materialize…$/).click()
    await ui.button(/^All$/).click()
    await ui.page.getByText('Backfills all partitions in a single run.').waitFor()
    await ui.button(/^Launch backfill$/).click()
    await dev.running.until(async () => (await shownBackfills(dev.address)).length === 3)
  })

  it('terminates a run: its signal fires, it is canceled within 5 s, no Node is left of it', async () => {
    await openJob('slow_job')
    await ui.launch(() => ui.button(/^Materialize$/).click())
    const node = await dev.running.until(() => /^slow: begun by (\d+)$/m.exec(notes().join('\n'))?.[1])
    expect(dev.running.family().map(({ pid }) => pid)).toContain(Number(node))
    await ui.button(/^Terminate$/).click()
    await ui.button(/^Terminate 1 run$/).click()
    expect(await ui.runEnd()).toBe('Canceled')
    await screenshot(ui.page, 'action-2-terminated')
    const run = await shownRun()
    expect(run).toMatchObject({ status: 'CANCELED', steps: { slow: 'FAILURE' } })
    expect(run.at('RUN_CANCELED') - run.at('RUN_CANCELING')).toBeLessThan(5_000)
    expect(notes()).toContain('slow: its signal fired')
    await dev.running.until((running) => !running.family().some(({ pid }) => pid === Number(node)))
  })

  it('re-executes a failed run from its failure: only the failed step runs', async () => {
    await openJob('fragile_job')
    await ui.launch(() => ui.button(/^Materialize all$/).click())
    expect(await ui.runEnd()).toBe('Failure')
    const failed = await shownRun()
    expect(failed).toMatchObject({ status: 'FAILURE', steps: { upstream: 'SUCCESS', fragile: 'FAILURE' } })
    make('fixed', '')
    await ui.chooseBeside(ui.button(/^Re-execute all/), 'From failure')
    await ui.page.waitForURL((url) => !url.pathname.includes(failed.runId))
    expect(await ui.runEnd()).toBe('Success')
    await screenshot(ui.page, 'action-3-re-executed')
    expect(await shownRun()).toMatchObject({ status: 'SUCCESS', parentRunId: failed.runId, steps: { fragile: 'SUCCESS' } })
    expect(Object.keys((await shownRun()).steps)).toEqual(['fragile'])
    expect([...notesOf('upstream'), ...notesOf('fragile')]).toEqual(['upstream: made', 'fragile: made of 1'])
  })

  it('launches with config from the launchpad', async () => {
    await openJob('greeting_job')
    await ui.chooseBeside(ui.button(/^Materialize$/), 'Open launchpad')
    await ui.page.locator('.CodeMirror').filter({ hasText: 'max_concurrent' }).click()
    await ui.page.keyboard.press('Control+A')
    await ui.page.keyboard.insertText('ops: {greeting: {config: {name: Ada, times: 2}}}')
    await ui.page.getByText('No errors').first().waitFor()
    await screenshot(ui.page, 'action-4-launchpad')
    await ui
      .button(/^Materialize$/)
      .last()
      .click()
    await ui.page.waitForURL('**/runs/*')
    expect(await ui.runEnd()).toBe('Success')
    expect((await shownRun()).config).toContain('name: Ada')
    expect(notes()).toContain('greeting: {"name":"Ada","times":2}')
  })

  it('finds the config of a job in the launchpad', async () => {
    await openJob('ada_job')
    await ui.chooseBeside(ui.button(/^Materialize$/), 'Open launchpad')
    await ui.page.locator('.CodeMirror').filter({ hasText: 'Ada' }).waitFor()
    await ui.page.getByText('No errors').first().waitFor()
    await screenshot(ui.page, 'action-4-launchpad-of-a-job')
  })

  it('runs one partition', async () => {
    await openJob('sales_job')
    await ui.button(/^Materialize…$/).click()
    await ui.page.getByText('Select a partition or create one').click()
    await ui.page.getByRole('menuitem').filter({ hasText: 'fr' }).click()
    await screenshot(ui.page, 'action-5-partition')
    await ui.launch(() => ui.button(/^Launch 1 run$/).click())
    expect(await ui.runEnd()).toBe('Success')
    expect(await shownRun()).toMatchObject({ status: 'SUCCESS', tags: { 'dagster/partition': 'fr' } })
    expect(notesOf('sales')).toEqual(['sales: fr'])
  })

  it('ticks a schedule by hand', async () => {
    await ui.goto(`${location}/schedules/nightly`)
    await ui.button(/^Preview tick result$/).click()
    await ui.button(/^Continue$/).click()
    await ui.page.getByText('1 run requests').waitFor()
    await screenshot(ui.page, 'action-6-schedule')
    await ui.button(/^Launch all/).click()
    const [run] = await endedRuns({ tags: [{ key: 'asked_by', value: 'nightly' }] })
    expect(run).toMatchObject({ status: 'SUCCESS', jobName: 'report_job', tags: { 'dagster/schedule_name': 'nightly' } })
  })

  it('ticks a sensor by hand, and then turns it on', async () => {
    make('order', 'first')
    await ui.goto(`${location}/sensors/orders`)
    await ui.button(/^Preview tick result$/).click()
    await ui.button(/^Continue$/).click()
    await ui.page.getByText('1 run request', { exact: true }).waitFor()
    await screenshot(ui.page, 'action-7-sensor')
    await ui.button(/^Apply requests/).click()
    const [byHand] = await endedRuns({ tags: [{ key: 'order', value: 'first' }] })
    expect(byHand).toMatchObject({ status: 'SUCCESS', jobName: 'report_job', tags: { 'dagster/sensor_name': 'orders' } })

    make('order', 'second')
    await turnOn('sensors', 'orders')
    const [byDaemon, ...more] = await endedRuns({ tags: [{ key: 'order', value: 'second' }] })
    expect(more).toEqual([])
    expect(byDaemon).toMatchObject({ status: 'SUCCESS', tags: { 'dagster/sensor_name': 'orders', 'dagster/run_key': 'second' } })
    expect(await successfulTicks('orders')).toEqual([{ status: 'SUCCESS', runIds: [byDaemon?.runId] }])
    await ui.goto(`${location}/sensors/orders`)
    await shownTick().waitFor()
    await screenshot(ui.page, 'action-9-sensor-on')
  })

  it('terminates a run of several partitions: what is materialized stays, and a re-execution from failure materializes the rest', async () => {
    const [run] = await dev.running.until(async () => {
      const runs = await shownRuns(dev.address, { tags: [{ key: 'dagster/asset_partition_range_start', value: 'a' }] })
      return runs.length === 1 && runs
    })
    await dev.running.until(async () => (await materializedPartitions('shelves')) === 2 && notesOf('shelves').length === 6)
    await ui.goto(`/runs/${run?.runId}`)
    await ui.button(/^Terminate$/).click()
    await ui.button(/^Terminate 1 run$/).click()
    expect(await ui.runEnd()).toBe('Canceled')
    await screenshot(ui.page, 'action-15-single-run-terminated')
    expect(await shownRun()).toMatchObject({ status: 'CANCELED' })
    expect(await materializedPartitions('shelves')).toBe(2)
    make('counted', '')
    await ui.chooseBeside(ui.button(/^Re-execute all/), 'From failure')
    await ui.page.waitForURL((url) => !url.pathname.includes(String(run?.runId)))
    const [again] = await endedRuns({ runIds: [ui.shownRunId] })
    expect(again).toMatchObject({ status: 'SUCCESS', parentRunId: run?.runId })
    await screenshot(ui.page, 'action-16-single-run-continued')
    expect(await materializedPartitions('shelves')).toBe(4)
    expect(
      notesOf('shelves')
        .filter((line) => line.includes('counted'))
        .sort(),
    ).toEqual(['a', 'b', 'c', 'd'].map((key) => `shelves: counted ${key}`))
  })

  it('finds that the backfill has run each partition', async () => {
    const backfill = await completedBackfill('mon')
    expect(backfill).toMatchObject({ status: 'COMPLETED_SUCCESS', partitionNames: ['mon', 'tue', 'wed'] })
    const runs = await shownRuns(dev.address, { tags: [{ key: 'dagster/backfill', value: backfill.id }] })
    expect(runs.map(({ status }) => status)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS'])
    expect(runs.map(({ tags }) => tags['dagster/partition']).sort()).toEqual(['mon', 'tue', 'wed'])
    expect(notesOf('visits').sort()).toEqual(['visits: mon', 'visits: tue', 'visits: wed'])
    await ui.goto(`/runs/b/${backfill.id}`)
    await ui.page.getByText('100% completed').waitFor()
    await screenshot(ui.page, 'action-8-backfill-completed')
  })

  it('finds the partitions of the backfill in one run: those that failed, and what each reported', async () => {
    const backfill = await completedBackfill('2026-11-01')
    const days = ['01', '03', '04', '05', '06', '07', '08', '10', '11', '12'] // without Mondays
    expect(backfill).toMatchObject({ status: 'COMPLETED_FAILED', partitionNames: days.map((day) => `2026-11-${day}`) })
    const runs = await shownRuns(dev.address, { tags: [{ key: 'dagster/backfill', value: backfill.id }] })
    expect(runs.map(({ status, steps }) => [status, steps])).toEqual([['FAILURE', { readings: 'FAILURE' }]])
    await ui.goto(`/runs/${runs[0]?.runId}`)
    await ui.page.getByText('failed for 1 of 10 partitions: 2026-11-07').first().waitFor()
    await screenshot(ui.page, 'action-12-single-run-failed')
    await ui.goto('/assets/readings?view=partitions&partition=2026-11-03')
    for (const count of ['Failed (1)', 'Materialized (9)', 'Missing (0)']) await ui.page.getByText(count).waitFor()
    await ui.page.locator('tr').filter({ hasText: 'day' }).filter({ hasText: '2026-11-03' }).waitFor()
    await screenshot(ui.page, 'action-13-partition-health')
    await ui.goto('/assets/readings?view=checks')
    await ui.page.getByText('8 of 9 partitions passed.').waitFor()
    await screenshot(ui.page, 'action-14-checks-of-partitions')
  })

  it('finds that the schedule has ticked by itself', async () => {
    const [run] = await endedRuns({ tags: [{ key: 'dagster/schedule_name', value: 'every_minute' }] })
    expect(run).toMatchObject({ status: 'SUCCESS', jobName: 'report_job' })
    expect((await successfulTicks('every_minute')).flatMap(({ runIds }) => runIds)).toContain(run?.runId)
    await ui.goto(`${location}/schedules/every_minute`)
    await shownTick().waitFor()
    await screenshot(ui.page, 'action-10-schedule-ticked')
  })

  it('finds what an edit of .env has changed, in the definitions and in runs', async () => {
    const description = async (): Promise<unknown> =>
      (await graphql(dev.address, '{ assetNodeOrError(assetKey: { path: ["shop"] }) { ... on AssetNode { description } } }')).data
    expect(await description()).toEqual({ assetNodeOrError: { description: 'Of first' } })
    make('.env', 'SHOP_NAME=second\n')
    await dev.running.until(async () => JSON.stringify(await description()).includes('Of second'))
    const runId = await launchRun(dev.address, 'shop_job')
    await endedRuns({ runIds: [runId] })
    expect(notesOf('shop')).toEqual(['shop: second'])
  })

  it('leaves no process behind', async () => {
    dev.running.child.kill('SIGINT')
    expect((await dev.running.ended).code).toBe(0)
    expect(await whatIsLeft(dev.running)).toEqual([])
    const { stderr } = await dev.running.ended
    expect(stderr).toContain('A source file or .env has changed: definitions reloaded.')
    expect(stderr).not.toMatch(/Warning:|- INFO -|Launching Dagster services/)
  })
})
