import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes a folder, and those above it that are missing, readable by their owner only. With `sync` they survive a power cut: each one's entry in the folder above it too. */
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
