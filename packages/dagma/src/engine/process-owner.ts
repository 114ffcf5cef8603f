import { readFileSync, readlinkSync } from 'node:fs'
import { hostname, platform } from 'node:os'

/** The process of a run, and whether it lives; `unknown` where neither can be seen. */
export interface OwnerState {
  readonly state: 'alive' | 'ended' | 'unknown'
  readonly pid: number
  readonly host: string
}

interface Owner {
  readonly host: string
  readonly pid: number
  readonly start: string | null
  /** See {@link machine}; missing in records of earlier versions. */
  readonly machine?: string
}

/** This process, so that another can tell later whether it still lives. */
export function ownProcess(): string {
  return JSON.stringify({ host: hostname(), pid: process.pid, start: startOf('self'), machine: machine() } satisfies Owner)
}

/** Whether a process lives: by its id where that means the same process, elsewhere by the lock that it holds. */
export function ownerState(owner: string, isLockHeld: () => boolean | undefined): OwnerState {
  const { host, pid, start, machine: its } = JSON.parse(owner) as Owner
  const known = (lives: boolean): OwnerState => ({ state: lives ? 'alive' : 'ended', pid, host })
  if (its !== undefined && its === machine()) return known(isAlive(pid) && startOf(pid) === start)
  const held = its === undefined ? undefined : isLockHeld()
  return held === undefined ? { state: 'unknown', pid, host } : known(held)
}

/** What a process id is valid within: a boot of a machine, and on Linux a namespace of process ids; its own for a process that cannot see these. */
function machine(): string {
  if (platform() !== 'linux') return hostname()
  try {
    // Where /proc shows another namespace than this process is in, its ids are not those that this process knows.
    const own = readlinkSync('/proc/self') === String(process.pid) ? readlinkSync('/proc/self/ns/pid') : `process ${process.pid} alone`
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${own}`
  } catch {
    return `${hostname()} without /proc`
  }
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
function startOf(pid: number | 'self'): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' ? null : (fields[18] ?? null)
  } catch {
    return null
  }
}
