import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type RunEvent, retryRun } from 'dagma'
import { expect, test } from 'vitest'
import { EventLog } from '../../packages/dagma/src/engine/event-log.ts'
import { expectedPartition, partitionKeys, rangeProject } from './range-project.ts'

const child = fileURLToPath(new URL('range-child.ts', import.meta.url))
const wantedKills = Number(process.env.DAGMA_TEST_RANGE_KILLS ?? 12)

test(`${wantedKills} kills in the middle of a range lose no partition and make none twice`, async () => {
  let kills = 0
  for (let attempt = 0; kills < wantedKills; attempt++) {
    expect(attempt).toBeLessThan(4 * wantedKills)
    const folder = mkdtempSync(join(tmpdir(), 'dagma-crash-range-'))
    try {
      if (await killedInTheMiddle(folder)) kills++
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}, 900_000)

/** Kills a run when a random number of its events was acknowledged, and completes it by a retry; false when it was quicker. */
async function killedInTheMiddle(folder: string): Promise<boolean> {
  const running = spawn(process.execPath, [child, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const printed = text(running.stdout)
  let left = 2 + Math.floor(Math.random() * 2 * partitionKeys.length)
  running.stdout.on('data', (chunk: Buffer) => {
    left -= chunk.toString().split('\n').length - 1
    if (left <= 0) running.kill('SIGKILL')
  })
  const [, signal] = await once(running, 'close')
  const acknowledged = (await printed)
    .split('\n')
    .slice(1, -1)
    .map((line): RunEvent => JSON.parse(line))
  const runId = acknowledged[0]?.runId
  if (signal !== 'SIGKILL' || runId === undefined) return false
  const torn = recorded(folder, runId)
  if (torn.status === 'SUCCESS') return false
  const kept = madeIn(torn.events)
  for (const one of madeIn(acknowledged)) expect(kept).toContain(one)
  const retry = await retryRun(rangeProject(), runId, { projectFolder: folder })
  expect(retry.status).toBe('SUCCESS')
  const made = [...kept, ...madeIn(retry.events)]
  expect(made.toSorted()).toEqual(['first', 'second'].flatMap((asset) => partitionKeys.map((key) => `${asset} ${key}`)).toSorted())
  for (const key of ['first', 'second'])
    for (const partition of partitionKeys)
      expect(await retry.load({ key: [key] } as never, partition)).toEqual(expectedPartition(partition))
  return true
}

function madeIn(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'ASSET_MATERIALIZATION' ? [`${event.asset} ${event.partition}`] : []))
}

function recorded(folder: string, runId: string) {
  using log = EventLog.open(folder) // marks torn runs
  return { status: log.run(runId).status, events: log.events(runId) }
}
