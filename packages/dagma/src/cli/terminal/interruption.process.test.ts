import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'

const module = new URL('interruption.ts', import.meta.url).href

/** A process that says "begun", and then does what `body` says with `signal`. */
async function started(body: string): Promise<ChildProcess> {
  const script = `import { interruption } from '${module}'\nconst signal = interruption('the run')\nconsole.log('begun')\n${body}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  if (child.stdout !== null) await once(child.stdout, 'data')
  return child
}

const waits = 'signal.onabort = () => console.log("aborted")\nsetInterval(() => {}, 1000)'

test('the first interrupt aborts, the second ends the process', async () => {
  const child = await started(waits)
  const said = once(child.stderr ?? child, 'data')
  child.kill('SIGINT')
  expect(String(await said)).toBe('Stopping the run; interrupt again to exit immediately.\n')
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([130, null])
})

test('a closed terminal aborts, however often it says so, and ends nothing by itself', async () => {
  const child = await started(waits)
  const aborted = once(child.stdout ?? child, 'data')
  child.kill('SIGHUP')
  child.kill('SIGHUP')
  expect(String(await aborted)).toBe('aborted\n')
  child.kill('SIGHUP')
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([130, null])
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends a process that is busy without a pause', async (name) => {
  const child = await started('for (;;);')
  const ended = once(child, 'exit')
  while (child.exitCode === null && child.signalCode === null) {
    child.kill(name)
    await Promise.race([ended, sleep(500)])
  }
  expect(await ended).toEqual([null, name])
})

test('one that was busy hears the next interrupt as before', async () => {
  const child = await started(`const end = Date.now() + 5_000
    while (Date.now() < end);
    setTimeout(() => { console.log('free'); ${waits} }, 500)`)
  if (child.stdout !== null) expect(String(await once(child.stdout, 'data'))).toBe('free\n')
  const aborted = once(child.stdout ?? child, 'data')
  child.kill('SIGINT')
  expect(String(await aborted)).toBe('aborted\n')
})

test('a command that has ended its work no longer listens', async () => {
  const child = await started(`process.removeAllListeners('SIGINT')
    setTimeout(() => console.log('later'), 1_000)
    setInterval(() => {}, 1_000)`)
  if (child.stdout !== null) await once(child.stdout, 'data')
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([null, 'SIGINT'])
})
