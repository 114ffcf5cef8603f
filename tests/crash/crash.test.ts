import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type RunEvent, retryRun } from 'dagma'
import { expect, test } from 'vitest'
import { EventLog } from '../../packages/dagma/src/engine/event-log.ts'
import { assetCount, expectedValue, type Point, points, project } from './project.ts'

const child = fileURLToPath(new URL('child.ts', import.meta.url))
const keys = Array.from({ length: assetCount }, (_, index) => `a${index}`)

/** How a child was left: not killed at all, as it was quicker, or killed before its run, during it, or after its end. */
type Left = 'not killed' | 'not begun' | 'torn' | 'ended'

/** When a child is killed: by itself at the nth time of a named instant, or a number of milliseconds after its start. */
type Kill = { readonly point: Point; readonly nth: number } | { readonly afterMs: number }

/** Instants that come once in a run; the others come once for each step. */
const onceInARun: readonly Point[] = ['RUN_START', 'RUN_SUCCESS']
const named = points.flatMap((point) => (onceInARun.includes(point) ? [1] : [1, 2, 5, 9, 12, 16]).map((nth) => ({ point, nth })))
const processes = 8
const wantedKills = 500

test('at each named instant, early and late in a run', async () => {
  const left: Left[] = []
  for (const kill of named) left.push(...(await killed([kill])))
  // Every one of them kills, and only the one at the run's own end finds it ended.
  expect(left).toEqual(named.map(({ point }) => (point === 'RUN_SUCCESS' ? 'ended' : 'torn')))
})

test(`at random instants, ${processes} concurrent processes on one log, with those named at least ${wantedKills} kills`, async () => {
  const left: Left[] = []
  const kills = () => left.filter((one) => one !== 'not killed').length
  const torn = () => left.filter((one) => one === 'torn').length
  // How many of them come during a run depends on how fast the machine begins and ends one.
  const isEnough = () => named.length + kills() >= wantedKills && torn() > wantedKills / 3
  while (!isEnough() && left.length < 4 * wantedKills)
    left.push(...(await killed(Array.from({ length: processes }, () => ({ afterMs: Math.random() * 250 })))))
  expect(named.length + kills()).toBeGreaterThanOrEqual(wantedKills)
  expect(torn()).toBeGreaterThan(wantedKills / 3)
}, 900_000)

/** Runs a child for each kill, all concurrently in one folder, and checks what they left behind. */
async function killed(kills: readonly Kill[]): Promise<Left[]> {
  const folder = mkdtempSync(join(tmpdir(), 'dagma-crash-'))
  try {
    const children = await Promise.all(kills.map((kill) => killedChild(folder, kill)))
    checkLog(folder)
    const left: Left[] = []
    for (const { wasKilled, code, acknowledged } of children) {
      if (!wasKilled) expect(code).toBe(0) // it may be quicker than the kill, and never fails
      const found = await checkRun(folder, acknowledged)
      left.push(wasKilled ? found : 'not killed')
    }
    return left
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs a child until it is killed or ends: the events that it acknowledged. */
async function killedChild(folder: string, kill: Kill): Promise<{ wasKilled: boolean; code: unknown; acknowledged: RunEvent[] }> {
  const instant = 'point' in kill ? [kill.point, String(kill.nth)] : []
  const running = spawn(process.execPath, [child, folder, ...instant], { stdio: ['ignore', 'pipe', 'inherit'] })
  const printed = text(running.stdout)
  if ('afterMs' in kill) {
    await once(running.stdout, 'data')
    setTimeout(() => running.kill('SIGKILL'), kill.afterMs)
  }
  const [code, signal] = await once(running, 'close')
  const lines = (await printed).split('\n').slice(1, -1)
  return { wasKilled: signal === 'SIGKILL', code, acknowledged: lines.map((line) => JSON.parse(line)) }
}

/** No page of the log and no value is torn. */
function checkLog(folder: string): void {
  const file = join(folder, '.dagma', 'events.sqlite')
  if (!existsSync(file)) return
  EventLog.open(folder)[Symbol.dispose]() // marks torn runs
  using database = new DatabaseSync(file)
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  for (const [index, key] of keys.entries()) {
    const stored = join(folder, 'values', `${key}.json`)
    if (existsSync(stored)) expect(readFileSync(stored, 'utf8') === JSON.stringify(expectedValue(index)), `${key} is whole`).toBe(true)
  }
}

/** Nothing that a run acknowledged is lost, and a torn one is completed by a retry. */
async function checkRun(folder: string, acknowledged: readonly RunEvent[]): Promise<Left> {
  const [first] = acknowledged
  if (first === undefined) return 'not begun'
  const { status, events } = recorded(folder, first.runId)
  const known = new Set(events.map(sorted))
  expect(acknowledged.filter((event) => !known.has(sorted(event)))).toEqual([])
  if (status === 'SUCCESS') return 'ended'
  expect(status).toBe('FAILURE')
  expect(events.at(-1)).toMatchObject({ type: 'RUN_FAILURE', message: 'The process of this run exited before the run ended.' })
  expect(events.filter(({ type }) => type === 'RUN_FAILURE')).toHaveLength(1)
  await checkRetry(folder, first.runId, events)
  return 'torn'
}

function recorded(folder: string, runId: string) {
  using log = EventLog.open(folder)
  return { status: log.run(runId).status, events: log.events(runId) }
}

/** The retry completes the torn run, and no step that had finished runs again. */
async function checkRetry(folder: string, runId: string, events: readonly RunEvent[]): Promise<void> {
  const finished = events.flatMap((event) => (event.type === 'STEP_SUCCESS' ? [event.step] : []))
  const retry = await retryRun(project(folder), runId, { projectFolder: folder })
  expect(retry.status).toBe('SUCCESS')
  expect(ranIn(folder, retry.runId)).toEqual(keys.filter((key) => !finished.includes(key)).sort())
  checkLog(folder)
}

/** The assets whose functions were called in a run, sorted. */
function ranIn(folder: string, runId: string): string[] {
  const lines = readFileSync(join(folder, 'ran.txt'), 'utf8').split('\n')
  return lines.flatMap((line) => (line.startsWith(`${runId} `) ? [line.slice(runId.length + 1)] : [])).sort()
}

/** An event as text, whatever the order of its members. */
function sorted(event: RunEvent): string {
  return JSON.stringify(Object.fromEntries(Object.entries(event).sort(([a], [b]) => (a < b ? -1 : 1))))
}
