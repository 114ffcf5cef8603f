import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Finished } from '../support/processes.ts'
import { canMountSmallDisks, SmallDisk } from '../support/small-disk.ts'
import { smallProject, type TestProject } from '../support/test-project.ts'

/** `waits` says by a file that it has begun, and continues when there is another one. */
const definitions = `
import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { asset, definitions } from 'dagma'

const waits = asset({
  key: 'waits',
  run: async () => {
    writeFileSync('begun', '')
    while (!existsSync('go')) await sleep(20)
    return 'x'.repeat(10_000)
  },
})
const after = asset({ key: 'after', deps: [waits], run: () => 1 })
export default definitions({ assets: [waits, after] })
`

describe.skipIf(!canMountSmallDisks())('a run of the embedded engine while the disk is full', () => {
  let project: TestProject
  beforeEach(() => {
    project = smallProject(definitions)
  })
  afterEach(() => project[Symbol.dispose]())

  /** Runs everything, and lets the disk be full from the moment on at which `waits` has begun. */
  async function runWhileItFills(disk: SmallDisk): Promise<Finished> {
    const running = project.startDagma(['asset', 'materialize', '--select', '*'])
    await running.until(() => existsSync(join(project.folder, 'begun')))
    disk.fill()
    writeFileSync(join(project.folder, 'go'), '')
    return running.ended
  }

  const runs = (): Promise<{ runId: string; status: string }[]> => project.dagmaJson(['run', 'list'])

  it('aborts with the reason when the event log is on it, and has failed', async () => {
    using disk = SmallDisk.mount(project.dagmaFolder, '2m')
    const { code, stderr } = await runWhileItFills(disk)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: The event log .*events\.sqlite cannot be written: database or disk is full\. Free disk space/)
    expect(stderr).toContain('[DAGMA_EVENT_LOG_UNWRITABLE]')
    disk.makeRoom()
    const [failed] = await runs()
    expect(failed?.status).toBe('FAILURE')
    await project.dagmaJson(['run', 'retry', failed?.runId ?? ''])
    expect((await runs()).map(({ status }) => status)).toEqual(['SUCCESS', 'FAILURE'])
  })

  it('fails with the reason when only the values are on it, and leaves no half of one', async () => {
    const values = join(project.dagmaFolder, 'values')
    using disk = SmallDisk.mount(values, '1m')
    const { code, stdout } = await runWhileItFills(disk)
    expect(code).toBe(1)
    expect(stdout).toMatch(/The value of asset "waits" cannot be stored .*: ENOSPC: no space left on device.*\[DAGMA_STORAGE_FAILED\]/)
    disk.makeRoom()
    expect(filesBelow(values)).toEqual([])
    expect(await runs()).toMatchObject([{ status: 'FAILURE' }])
    await project.dagmaJson(['asset', 'materialize', '--select', '*'])
    expect(filesBelow(values)).toEqual(['after.json', 'waits.json'])
  })
})

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : [])).sort()
}
