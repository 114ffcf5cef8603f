import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { EventLog } from '../../packages/dagma/src/engine/event-log.ts'
import { itemCount } from './items-project.ts'

const child = fileURLToPath(new URL('items-child.ts', import.meta.url))
const wantedKills = Number(process.env.DAGMA_TEST_ITEM_KILLS ?? 10)
/** So many that each child is killed long before the end. */
const batch = Math.floor(itemCount / (wantedKills * 6))

test(`${wantedKills} kills while ${itemCount} items are loaded: each is there once, and each kill repeats one batch at most`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dagma-crash-items-'))
  try {
    let called = 0
    let kills = 0
    for (; kills < wantedKills; kills++) {
      const one = await runChild(folder, 1 + Math.floor(Math.random() * 4))
      expect(one.signal).toBe('SIGKILL')
      called += one.items
    }
    const last = await runChild(folder, Number.POSITIVE_INFINITY)
    expect(last).toMatchObject({ code: 0 })
    called += last.items
    expect(called).toBeGreaterThanOrEqual(itemCount)
    expect(called).toBeLessThanOrEqual(itemCount + kills * batch)
    using log = EventLog.openToRead(folder)
    const [run] = log.runs(1)
    expect(run?.status).toBe('SUCCESS')
    const kept = join(folder, '.dagma', 'items')
    expect(existsSync(kept) ? readdirSync(kept) : []).toEqual([])
    if (process.env.DAGMA_TEST_ITEM_KILLS !== undefined) console.log(`${kills} kills, ${called - itemCount} of ${itemCount} items again`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 900_000)

/** Starts the run, or retries the last one, and kills it up to 5 ms after that many calls have begun; says how many items it was called for. */
async function runChild(folder: string, calls: number): Promise<{ items: number; code: unknown; signal: unknown }> {
  const last = lastRun(folder)
  const running = spawn(process.execPath, [child, folder, String(batch), ...(last === undefined ? [] : [last])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  let isKilled = false
  running.stdout.setEncoding('utf8').on('data', async (chunk: string) => {
    output += chunk
    if (isKilled || output.split('\n').length - 1 < calls) return
    isKilled = true
    await sleep(Math.random() * 5)
    running.kill('SIGKILL')
  })
  const [code, signal] = await once(running, 'close')
  const items = output.split('\n').reduce((sum, line) => sum + Number(line), 0)
  return { items, code, signal }
}

function lastRun(folder: string): string | undefined {
  using log = EventLog.open(folder) // marks torn runs
  return log.runs(1)[0]?.runId
}
