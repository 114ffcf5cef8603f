import { readdirSync, readFileSync } from 'node:fs'

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

/** The group, and those of all that descend from its processes. */
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
    if (!/^\d+$/.test(name)) return []
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const [, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the name before it may hold anything
      return [{ pid: Number(name), parent: Number(parent), group: Number(group) }]
    } catch {
      return [] // it ended meanwhile
    }
  })
}
