import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** This process, so that another can tell later whether it still lives: machine, process id, and, on Linux, the moment it started. */
export function ownProcess(): string {
  return JSON.stringify({ host: hostname(), pid: process.pid, start: startOf(process.pid) })
}

/** Whether the process is known to have ended. A process of another machine is never known to. */
export function hasEnded(owner: string): boolean {
  const { host, pid, start } = JSON.parse(owner) as { host: string; pid: number; start: string | null }
  if (host !== hostname()) return false
  return !isAlive(pid) || startOf(pid) !== start
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Clock ticks from boot to the start of the process: field 22 of proc(5)'s stat, counted behind the name, which may hold anything. Null for
 * one that has ended and whose parent has not asked how: in a container, nobody may ever ask.
 */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' ? null : (fields[18] ?? null)
  } catch {
    return null
  }
}
