import { closeSync, fsync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

const flush = promisify(fsync)

/**
 * Makes a folder, and those above it that are missing, readable by their owner only. With `sync` they survive a power cut: each one's entry in the
 * folder above it too.
 */
export function makeFolder(folder: string, { sync }: { readonly sync: boolean }): void {
  const first = mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (!sync || first === undefined) return
  for (let made = folder; ; made = dirname(made)) {
    syncFolder(dirname(made))
    if (made === first) return
  }
}

/** Makes the entries of a folder survive a power cut. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

interface Sync {
  readonly end: Promise<void>
  /** The one after it, for those who asked while it was going on. */
  next: Promise<void> | undefined
}

/** Work in progress, by path. */
const syncs = new Map<string, Sync>()

/**
 * Resolves when a file, or the entries of a folder, survive a power cut as they are now. The thread continues meanwhile, and all who ask while a sync is
 * going on share the next one.
 */
export function whenSynced(path: string): Promise<void> {
  const going = syncs.get(path)
  if (going === undefined) return startSync(path)
  going.next ??= going.end.catch(() => {}).then(() => startSync(path))
  return going.next
}

function startSync(path: string): Promise<void> {
  const sync: Sync = { end: syncNow(path), next: undefined }
  syncs.set(path, sync)
  const forget = (): void => {
    if (sync.next === undefined) syncs.delete(path)
  }
  sync.end.then(forget, forget)
  return sync.end
}

async function syncNow(path: string): Promise<void> {
  const descriptor = openSync(path, 'r')
  try {
    await flush(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
