import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { hostname, platform } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { hasEnded, ownProcess } from './process-owner.ts'

test('this process lives, one of another machine may', () => {
  expect(hasEnded(ownProcess())).toBe(false)
  expect(hasEnded(JSON.stringify({ host: `not-${hostname()}`, pid: 1, start: '0' }))).toBe(false)
})

test('one whose number was given to another has ended', () => {
  expect(hasEnded(JSON.stringify({ host: hostname(), pid: process.pid, start: '1' }))).toBe(platform() === 'linux')
})

test.runIf(platform() === 'linux')('one that was killed has ended, even while its parent does not ask how', async () => {
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; kill -9 $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void parent.kill('SIGKILL'))
  const [pid] = await once(parent.stdout, 'data')
  const owner = JSON.stringify({ host: hostname(), pid: Number(pid), start: '12345' })
  await expect.poll(() => hasEnded(owner)).toBe(true)
})
