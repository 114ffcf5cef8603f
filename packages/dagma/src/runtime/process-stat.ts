import { readFileSync } from 'node:fs'

/** Linux's data about a process. */
export interface ProcessStat {
  /** Whether it has ended and its parent has not asked how: in a container, nobody may ever ask. */
  readonly isZombie: boolean
  /** Id of its parent. */
  readonly parent: number
  /** Id of its process group. */
  readonly group: number
  /** Clock ticks from boot to its start, as text. */
  readonly start: string | undefined
}

/** The fields of proc(5)'s stat, read behind the process's name, which may hold anything; undefined where there is no such process, or no /proc. */
export function processStat(pid: number | 'self'): ProcessStat | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the first of these is field 3
    return { isZombie: fields[0] === 'Z', parent: Number(fields[1]), group: Number(fields[2]), start: fields[19] }
  } catch {
    return undefined
  }
}
