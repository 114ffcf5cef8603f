/** Tells when a project's own code changes. */
import { type FSWatcher, watch } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Code, and what code depends on; data that steps write is neither. */
const isSource = /\.[mc]?[jt]s$|^package\.json$|^\.env/
/** Milliseconds of silence after which a change is told: an editor writes a file in several strokes, git many files. */
const silence = 300

/** Calls `onChange` after each change below the folder, until `signal` aborts. Installed packages and hidden folders are not watched. */
export async function watchSources(folder: string, signal: AbortSignal, onChange: () => void): Promise<void> {
  const watchers = new Map<string, FSWatcher>()
  let changed = Number.POSITIVE_INFINITY
  const look = async (path: string): Promise<void> => {
    if (signal.aborted || watchers.has(path)) return
    const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined)
    if (entries === undefined || signal.aborted) return
    const watcher = watch(path, (_, name) => {
      if (name === null || isSource.test(name)) changed = Date.now()
      else if (isWatched(name)) {
        forget(join(path, name)) // a folder that came back under its name is another folder
        void look(join(path, name))
      }
    })
    watcher.on('error', () => forget(path))
    watchers.set(path, watcher)
    for (const entry of entries) if (entry.isDirectory() && isWatched(entry.name)) await look(join(path, entry.name))
  }
  const forget = (path: string): void => {
    watchers.get(path)?.close()
    watchers.delete(path)
  }
  try {
    await look(folder)
    while (!signal.aborted) {
      await sleep(100, undefined, { signal }).catch(() => undefined)
      if (signal.aborted || Date.now() - changed < silence || changed === Number.POSITIVE_INFINITY) continue
      changed = Number.POSITIVE_INFINITY
      onChange()
    }
  } finally {
    for (const path of [...watchers.keys()]) forget(path)
  }
}

function isWatched(name: string): boolean {
  return !name.startsWith('.') && name !== 'node_modules' && name !== 'dist'
}
