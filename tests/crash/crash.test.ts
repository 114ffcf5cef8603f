import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type RunEvent, retryRun } from 'dagma'
import { expect, test } from 'vitest'
import { EventLog } from '../../packages/dagma/src/engine/event-log.ts'
import { type Point, points, project } from './project.ts'

const child = fileURLToPath(new URL('child.ts', import.meta.url))
const steps = 16

/** How a child was left: not killed at all, as it was quicker, or killed before its run, during it, or after its end. */
type Left = 'not killed' | 'not begun' | 'torn' | 'ended'

/** Instants that come once in a run; the others come once for each step. */
const onceInARun: readonly Point[] = ['RUN_START', 'RUN_SUCCESS']
const named = points.flatMap((point) => (onceInARun.includes(point) ? [1] : [1, 2, 5, 9, 12, 16]).map((nth) => ({ point, nth })))
const atRandom = 165

test('at each named instant, early and late in a run', async () => {
  const left = await all(named, async ({ point, nth }) => ({ point, nth, left: await killed([point, String(nth)]) }))
  // Every one of them kills, and only the one at the run's own end finds it ended.
  expect(left).toEqual(named.map((instant) => ({ ...instant, left: instant.point === 'RUN_SUCCESS' ? 'ended' : 'torn' })))
})

test('at random instants, with those named at least 200 kills', async () => {
  const left: Left[] = []
  const kills = () => left.filter((one) => one !== 'not killed').length
  const untilEnough = async (): Promise<void> => {
    while (kills() < atRandom && left.length < 2 * atRandom) left.push(await killed([], Math.random() * 25))
  }
  await Promise.all([untilEnough(), untilEnough()])
  expect(named.length + kills()).toBeGreaterThanOrEqual(200)
  expect(left.filter((one) => one === 'torn').length).toBeGreaterThan(60)
})

/** Two at a time: the machine has to keep up. Results come in the order of the items. */
async function all<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const queue = items.entries()
  const results: Result[] = []
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item)
  }
  await Promise.all([worker(), worker()])
  return results
}

/** Runs the child, kills it after so many milliseconds or at its own instant, and checks what it left behind. */
async function killed(instant: readonly string[], afterMs?: number): Promise<Left> {
  const folder = mkdtempSync(join(tmpdir(), 'dagma-crash-'))
  try {
    const running = spawn(process.execPath, [child, folder, ...instant], { stdio: ['ignore', 'pipe', 'inherit'] })
    const said = text(running.stdout)
    if (afterMs !== undefined) {
      await once(running.stdout, 'data')
      setTimeout(() => running.kill('SIGKILL'), afterMs)
    }
    const [code, signal] = await once(running, 'close')
    if (signal !== 'SIGKILL') expect(code).toBe(0) // it may be quicker than the kill, and never fails
    const left = await checked(folder, (await said).split('\n').slice(1, -1))
    return signal === 'SIGKILL' ? left : 'not killed'
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function checked(folder: string, acknowledged: readonly string[]): Promise<Left> {
  if (!existsSync(join(folder, '.dagma', 'events.sqlite'))) return 'not begun'
  using log = EventLog.open(folder)
  using database = new DatabaseSync(join(folder, '.dagma', 'events.sqlite'))
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  const [run] = log.runs(1)
  if (run === undefined) return 'not begun'
  const events = log.events(run.runId)
  const known = new Set(events.map((event) => JSON.stringify(sorted(event))))
  expect(acknowledged.filter((line) => !known.has(JSON.stringify(sorted(JSON.parse(line)))))).toEqual([])
  for (const file of existsSync(join(folder, 'values')) ? readdirSync(join(folder, 'values')) : []) {
    if (file.endsWith('.json')) expect(() => JSON.parse(readFileSync(join(folder, 'values', file), 'utf8'))).not.toThrow()
  }
  if (run.status === 'SUCCESS') return 'ended'
  expect(run.status).toBe('FAILURE')
  expect(events.at(-1)).toMatchObject({ type: 'RUN_FAILURE', message: 'The process of this run ended before the run did.' })
  await retried(folder, run.runId, events)
  return 'torn'
}

/** The torn run is completed, and no step that had finished runs again. */
async function retried(folder: string, runId: string, events: readonly RunEvent[]): Promise<void> {
  const finished = events.flatMap((event) => (event.type === 'STEP_SUCCESS' ? [event.step] : []))
  const before = ran(folder).length
  const retry = await retryRun(project(folder), runId, { projectFolder: folder })
  expect(retry.status).toBe('SUCCESS')
  expect(ran(folder).slice(before).sort()).toEqual(
    Array.from({ length: steps }, (_, index) => `a${index}`)
      .filter((key) => !finished.includes(key))
      .sort(),
  )
  for (let index = 0; index < steps; index++) {
    expect(JSON.parse(readFileSync(join(folder, 'values', `a${index}.json`), 'utf8'))).toBe((index % 4) + Math.floor(index / 4))
  }
}

function ran(folder: string): string[] {
  const file = join(folder, 'ran.txt')
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : []
}

/** The same event whatever the order of its members. */
function sorted(event: RunEvent): unknown {
  return Object.fromEntries(Object.entries(event).sort(([a], [b]) => (a < b ? -1 : 1)))
}
