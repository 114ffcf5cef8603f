/** The state of the process that every run of a worker finds as the first one did, and what of a run keeps the process from serving another. */
import { setTimeout as pause } from 'node:timers/promises'
import { abandonedWork } from '../../runtime/step/until-aborted.ts'

/** A worker above this limit serves no further run: its memory is freed with its process. */
const mostMemory = 1024 ** 3

/** How long what a run has closed may take to be gone, in milliseconds. */
const closingMs = 1_000

/** The process when the definitions were loaded. */
export class ProcessBetweenRuns {
  readonly #env = process.env
  readonly #variables = { ...process.env }
  readonly #folder = process.cwd()
  readonly #open: ReadonlyMap<string, number>

  constructor() {
    for (const stream of [process.stdout, process.stderr]) stream.writableLength // made at first use: they belong to no run
    this.#open = openResources()
  }

  /** Gives variables and current folder back; gives the reason for which no other run may follow, if there is one. */
  async restore(): Promise<string | undefined> {
    process.env = this.#env
    for (const name of Object.keys(this.#env)) if (!(name in this.#variables)) delete this.#env[name]
    Object.assign(this.#env, this.#variables)
    process.chdir(this.#folder)
    process.exitCode = undefined
    const left = await this.#leftOpen()
    if (left !== '') return `it has left open: ${left}`
    if (abandonedWork() > 0) return 'a function did not end when its signal was aborted'
    const { rss } = process.memoryUsage()
    return rss > mostMemory ? `it uses ${Math.round(rss / 1024 ** 2)} MiB of memory` : undefined
  }

  /** A new handle that keeps the process alive: a timer, a connection, a child process. */
  async #leftOpen(): Promise<string> {
    for (let waited = 0; ; waited += 20) {
      const left = [...openResources()].filter(([kind, count]) => count > (this.#open.get(kind) ?? 0))
      if (left.length === 0 || waited >= closingMs) return left.map(([kind]) => kind).join(', ')
      await pause(20, undefined, { ref: false })
    }
  }
}

function openResources(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}
