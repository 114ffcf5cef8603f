import { spawn } from 'node:child_process'
import { once } from 'node:events'

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { processStat } from '../../runtime/process-stat.ts'
import { killTree } from './kill-tree.ts'

/** Starts a process in its own group that starts another in another group, says the pid of that one, and waits. */
const nested = `
  const { spawn } = require('node:child_process')
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
  console.log(child.pid)
  setTimeout(() => {}, 60_000)
`

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe.skipIf(process.platform !== 'linux')('killTree', () => {
  it('kills the group, and the groups that its processes have started, and nothing else', async () => {
    const other = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
    const parent = spawn(process.execPath, ['-e', nested], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
    try {
      const [pid] = (await once(parent.stdout, 'data')).map(Number)
      if (pid === undefined || parent.pid === undefined) throw new Error('It said no pid.')
      expect(lives(pid)).toBe(true)
      const ended = once(parent, 'exit')
      killTree(parent.pid)
      expect(await ended).toEqual([null, 'SIGKILL'])
      await expect.poll(() => lives(pid) && !isZombie(pid)).toBe(false)
      await sleep(20)
      expect(other.exitCode ?? other.signalCode).toBeNull()
      killTree(parent.pid) // nothing is left, which is not an error
    } finally {
      other.kill('SIGKILL')
    }
  })
})

/** Where process 1 reaps no orphans, what was killed stays as a zombie. */
function isZombie(pid: number): boolean {
  return processStat(pid)?.isZombie ?? true
}
