import { readFileSync, readlinkSync } from 'node:fs'
import { hostname, platform } from 'node:os'
import { processStat } from '../runtime/process-stat.ts'

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

/**
 * The scope in which a process id is unique: a boot of a machine, and on Linux a namespace of process ids; its own scope for a process that cannot
 * read these.
 */
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

/** When the process started, by its own clock; null for one that has ended, also where nobody has asked how. */
function startOf(pid: number | 'self'): string | null {
  const stat = processStat(pid)
  return stat === undefined || stat.isZombie ? null : (stat.start ?? null)
}
