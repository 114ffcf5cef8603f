import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runOfOneStep } from '../test/run-of-one-step.ts'
import { temporaryFolder } from '../test/temporary.ts'
import { EventLog } from './event-log.ts'

const module = new URL('event-log.ts', import.meta.url).href
const script = (text: string): string[] => [process.execPath, '--input-type=module', '-e', `import { EventLog } from '${module}'\n${text}`]

/** Namespaces of their own, as a container has them: process ids, and with another name for the machine or the same. */
const containers = {
  'of the same name': ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'],
  'of another name': [
    'unshare',
    '--uts',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    'sh',
    '-c',
    'hostname container && exec "$@"',
    'sh',
  ],
  'whose /proc is that of the machine': ['unshare', '--pid', '--fork', '--kill-child'],
}
const canUnshare = spawnSync('unshare', [...containers['of another name'].slice(1), 'true']).status === 0

async function startIn(container: readonly string[], folder: string, runId: string): Promise<ChildProcess> {
  const [command = '', ...args] = [
    ...container,
    ...script(`const log = globalThis.log = EventLog.open(${JSON.stringify(folder)}) // kept from being collected
      log.startRun(${JSON.stringify({ ...runOfOneStep, runId })})
      console.log('started'); process.stdin.resume()`),
  ]
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  if (child.stdout !== null) await once(child.stdout, 'data')
  return child
}

const statusIn = (container: readonly string[], folder: string, runId: string): string => {
  const [command = '', ...args] = [...container, ...script(`console.log(EventLog.open(${JSON.stringify(folder)}).run('${runId}').status)`)]
  return spawnSync(command, args, { encoding: 'utf8' }).stdout.trim()
}

describe.skipIf(!canUnshare).each(Object.entries(containers))('in a container %s', (_, container) => {
  test('a run that continues is left alone, one that was killed has failed', async () => {
    const folder = temporaryFolder()
    const child = await startIn(container, folder, 'theirs')
    {
      using log = EventLog.open(folder)
      expect(log.run('theirs').status).toBe('STARTED')
    }
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    await expect.poll(() => EventLog.open(folder).run('theirs').status, { timeout: 60_000 }).toBe('FAILURE')
    expect(readdirSync(join(folder, '.dagma', 'running'))).toEqual([])
  })

  test('a run of this process is left alone', () => {
    const folder = temporaryFolder()
    using log = EventLog.open(folder)
    log.startRun({ ...runOfOneStep, runId: 'ours' })
    expect(statusIn(container, folder, 'ours')).toBe('STARTED')
    log.endRun('ours', 'SUCCESS', '')
    expect(statusIn(container, folder, 'ours')).toBe('SUCCESS')
  })
})

test('processes that open the log concurrently record the end of a run once', async () => {
  const folder = temporaryFolder()
  const killed = spawnSync(
    process.execPath,
    script(`const log = EventLog.open(${JSON.stringify(folder)})
      for (let n = 0; n < 50; n++) log.startRun({ ...${JSON.stringify(runOfOneStep)}, runId: 'torn' + n })
      process.kill(process.pid, 'SIGKILL')`).slice(1),
  )
  expect(killed.signal).toBe('SIGKILL')
  const opening = Array.from({ length: 4 }, () => {
    const [command = '', ...args] = script(
      `process.stdin.on('end', () => EventLog.open(${JSON.stringify(folder)})).resume(); console.log('there')`,
    )
    return spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  })
  await Promise.all(opening.map(({ stdout }) => once(stdout, 'data')))
  const ended = Promise.all(opening.map((child) => once(child, 'exit')))
  for (const child of opening) child.stdin.end()
  expect((await ended).map(([code]) => code)).toEqual([0, 0, 0, 0])
  const db = new DatabaseSync(join(folder, '.dagma', 'events.sqlite'), { readOnly: true })
  expect(db.prepare("SELECT count(*) AS ends, count(DISTINCT run_id) AS runs FROM events WHERE type = 'RUN_FAILURE'").get()).toEqual({
    ends: 50,
    runs: 50,
  })
  db.close()
})
