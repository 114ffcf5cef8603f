/** Runs of one project at the same time: each computes with its own values. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { asset } from '../definitions/assets/asset.ts'
import { definitions } from '../definitions/definitions.ts'
import { temporaryFolder, thrownBy } from '../test/temporary.ts'
import { materialize, retryRun } from './materialize.ts'

const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)

test('chains of several processes never read each other’s values, and leave nothing but the values', async () => {
  const folder = temporaryFolder()
  const script = `
    import { asset } from ${module('../definitions/assets/asset.ts')}
    import { definitions } from ${module('../definitions/definitions.ts')}
    import { materialize } from ${module('materialize.ts')}
    const assets = [asset({ key: 'a0', run: ({ runId }) => runId })]
    for (let n = 1; n < 8; n++) assets.push(asset({ key: 'a' + n, inputs: { before: assets[n - 1] }, run: ({ runId, inputs }) => {
      if (inputs.before !== runId) throw new Error('read the value of another run')
      return inputs.before
    } }))
    for (let run = 0; run < 6; run++) {
      const { status, runId, load } = await materialize(definitions({ assets }), { projectFolder: process.argv[1] })
      if (status !== 'SUCCESS' || (await load(assets[7])) !== runId) process.exit(1)
    }`
  const children = [1, 2, 3, 4].map(() => spawn(process.execPath, ['--input-type=module', '-e', script, folder], { stdio: 'inherit' }))
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]))
  expect(codes).toEqual([0, 0, 0, 0])
  expect(readdirSync(join(folder, '.dagma', 'values', '@runs'))).toEqual([])
})

test('what a process left that was killed while it wrote is removed by the next run', async () => {
  const folder = temporaryFolder()
  const script = `
    import { asset } from ${module('../definitions/assets/asset.ts')}
    import { definitions } from ${module('../definitions/definitions.ts')}
    import { materialize } from ${module('materialize.ts')}
    import { writeFileSync } from 'node:fs'
    const a = asset({ key: 'a', run: () => 1 })
    const b = asset({ key: 'b', deps: [a], run: ({ runId }) => {
      writeFileSync(process.argv[1] + '/.dagma/values/@runs/' + runId + '/half.tmp', '[1,')
      process.kill(process.pid, 'SIGKILL')
    } })
    await materialize(definitions({ assets: [a, b] }), { projectFolder: process.argv[1] })`
  await once(spawn(process.execPath, ['--input-type=module', '-e', script, folder]), 'exit')
  const runs = join(folder, '.dagma', 'values', '@runs')
  const [killed = ''] = readdirSync(runs)
  expect(existsSync(join(runs, killed, 'half.tmp'))).toBe(true)
  await materialize(definitions({ assets: [asset({ key: 'a', run: () => 2 })] }), { projectFolder: folder })
  expect(readdirSync(runs)).not.toContain(killed)
})

test('of two retries of one run at the same time, one goes and the other is refused before it runs anything', async () => {
  const projectFolder = temporaryFolder()
  let ran = 0
  let fails = true
  const a = asset({
    key: 'a',
    run: () => {
      ran++
      if (fails) throw new Error('not yet')
    },
  })
  const all = definitions({ assets: [a] })
  const failed = await materialize(all, { projectFolder })
  fails = false
  const results = await Promise.allSettled([1, 2].map(() => retryRun(all, failed.runId, { projectFolder })))
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(ran).toBe(2)
  expect(await thrownBy(() => retryRun(all, failed.runId, { projectFolder }))).toMatchObject({ code: 'DAGMA_RUN_NOT_RETRYABLE' })
})
