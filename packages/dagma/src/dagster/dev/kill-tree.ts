import { readdirSync } from 'node:fs'
import { processStat } from '../../runtime/process-stat.ts'

/**
 * Kills a process group, and the groups that its processes have started: the Node worker of a run leads one of its own. On Linux the kernel ends that
 * worker together with its run, at once, so what the worker itself has started must be found before. Elsewhere the worker sees its run end, and kills
 * its own group.
 */
export function killTree(group: number): void {
  for (const found of process.platform === 'linux' ? groupsBelow(group) : [group]) {
    try {
      process.kill(-found, 'SIGKILL')
    } catch {
      // it has ended
    }
  }
}

/** The group, and those of all processes that descend from it. */
function groupsBelow(group: number): ReadonlySet<number> {
  const processes = runningProcesses()
  const groups = new Set([group])
  const parents = processes.filter((process) => process.group === group).map(({ pid }) => pid)
  for (const parent of parents) {
    for (const child of processes.filter((process) => process.parent === parent && process.group !== group)) {
      groups.add(child.group)
      parents.push(child.pid)
    }
  }
  return groups
}

function runningProcesses(): { pid: number; parent: number; group: number }[] {
  return readdirSync('/proc').flatMap((name) => {
    const stat = /^\d+$/.test(name) ? processStat(Number(name)) : undefined
    return stat === undefined ? [] : [{ pid: Number(name), ...stat }]
  })
}
