import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { platform } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { ownerState, ownProcess } from './process-owner.ts'

const own = JSON.parse(ownProcess()) as object
const ownerWith = (changes: object): string => JSON.stringify({ ...own, ...changes })
const stateOf = (owner: string, isHeld?: boolean): string => ownerState(owner, () => isHeld).state

test('this process lives, whatever its lock says', () => {
  for (const isHeld of [true, false, undefined]) expect(stateOf(ownProcess(), isHeld)).toBe('alive')
})

test('of a process that cannot be seen from here, its lock tells', () => {
  for (const changes of [{ machine: 'another boot pid:[1]' }, { machine: 'another', pid: process.pid }]) {
    expect(stateOf(ownerWith(changes), true)).toBe('alive')
    expect(stateOf(ownerWith(changes), false)).toBe('ended')
    expect(stateOf(ownerWith(changes), undefined)).toBe('unknown')
  }
})

test('what an earlier version recorded is not known', () => {
  expect(stateOf(ownerWith({ machine: undefined }), false)).toBe('unknown')
})

test('one whose number was given to another has ended', () => {
  expect(stateOf(ownerWith({ start: '1' }))).toBe(platform() === 'linux' ? 'ended' : 'alive')
})

test.runIf(platform() === 'linux')('one that was killed has ended, even while its parent does not ask how', async () => {
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; kill -9 $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void parent.kill('SIGKILL'))
  const [pid] = await once(parent.stdout, 'data')
  await expect.poll(() => stateOf(ownerWith({ pid: Number(pid), start: '12345' }))).toBe('ended')
})
