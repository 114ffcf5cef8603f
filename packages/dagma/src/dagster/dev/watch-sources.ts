/** Tells when a project's own code changes. */
import { existsSync } from 'node:fs'
import { basename, relative, sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type FSWatcher, watch } from 'chokidar'

/** Code, and what code depends on; data that steps write is neither. */
const isSource = /\.[mc]?[jt]s$|^package\.json$|^\.env/
/** Milliseconds without further changes after which a change is reported: an editor writes a file several times, git many files. */
const silence = 300
/** Milliseconds between scans of all files, where the system has no events. */
const pollInterval = 2_000

/** The callbacks of {@link watchSources}. */
export interface WatchSourcesOptions {
  /** Ends the watching. */
  readonly signal: AbortSignal
  /** Called after changes, once for those that come together. */
  readonly onChange: () => void
  /** Takes a line about what keeps changes from being seen at once. */
  readonly tell: (line: string) => void
}

/**
 * Watches the sources below a folder until `signal` aborts, also when the folder goes and comes back. Installed packages and hidden folders are not
 * watched. Where the system's limit of watches is reached, changes are looked for every two seconds.
 */
export async function watchSources(folder: string, { signal, onChange, tell }: WatchSourcesOptions): Promise<void> {
  let changed = Number.POSITIVE_INFINITY
  let isGone = false
  let polling = false
  const open = (): FSWatcher =>
    watch(folder, {
      ignoreInitial: true,
      usePolling: polling,
      interval: pollInterval,
      ignored: (path, stats) => !isWatched(relative(folder, path)) || (stats?.isFile() === true && !isSource.test(basename(path))),
    })
      .on('all', (event, path) => {
        if (isSource.test(basename(path))) changed = Date.now()
        if (event === 'unlinkDir' && path === folder) isGone = true
      })
      .on('error', (error) => {
        if (polling || !isLimit(error)) return
        polling = true
        tell('No more folders can be watched (fs.inotify.max_user_watches): sources are checked every two seconds.')
      })
  let isPolling = polling
  let watcher = open()
  const reopen = async (): Promise<void> => {
    await watcher.close()
    isGone = false
    isPolling = polling
    watcher = open()
  }
  try {
    while (!signal.aborted) {
      await sleep(100, undefined, { signal }).catch(() => undefined)
      const isBack = isGone && existsSync(folder)
      if (isBack || isPolling !== polling) await reopen()
      if (isBack) changed = Date.now()
      if (signal.aborted || changed === Number.POSITIVE_INFINITY || Date.now() - changed < silence) continue
      changed = Number.POSITIVE_INFINITY
      onChange()
    }
  } finally {
    await watcher.close()
  }
}

function isWatched(path: string): boolean {
  return path.split(sep).every((name) => name === '' || name.startsWith('.env') || !/^\.|^node_modules$|^dist$/.test(name))
}

function isLimit(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EMFILE')
}
