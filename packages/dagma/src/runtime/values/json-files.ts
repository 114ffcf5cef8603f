import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { keyText } from '../../definitions/assets/asset-key.ts'
import type { IOManager } from '../../definitions/assets/io-manager.ts'
import { jsonText } from './json-text.ts'
import { valuePath } from './value-path.ts'
import { valueUnreadable } from './value-unreadable.ts'

/**
 * The default IO manager: each asset's value as one JSON file below `folder`, of a partitioned asset one for each partition. A value is
 * written beside its place and renamed into it, so that nobody reads a half-written one. With `sync`, a stored value survives a power cut.
 * Calls are synchronous: for small files that is several times faster, and making the JSON of a large value takes longer than writing it.
 */
export function jsonFiles(folder: string, { sync = false }: { sync?: boolean } = {}): IOManager {
  return {
    async handleOutput(context, value) {
      const text = jsonText(keyText(context.assetKey), value)
      const file = join(folder, ...valuePath(context))
      // As long for every value: a name of its own would be too long where the value's name is the longest possible.
      const unfinished = join(dirname(file), `@${randomBytes(8).toString('hex')}.tmp`)
      try {
        writeNew(unfinished, text, sync)
        renameSync(unfinished, file)
        if (sync) syncPath(dirname(file))
      } catch (error) {
        rmSync(unfinished, { force: true })
        throw error
      }
      return { sizeBytes: Buffer.byteLength(text) }
    },
    async loadInput(context) {
      const file = join(folder, ...valuePath(context))
      const text = readIfThere(file)
      if (text === undefined) return undefined
      try {
        return { value: JSON.parse(text) }
      } catch (error) {
        throw valueUnreadable(context, file, error)
      }
    },
  }
}

function writeNew(file: string, text: string, sync: boolean): void {
  try {
    writeFileSync(file, text, { flush: sync })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text, { flush: sync })
  }
}

/** Makes the entries of a folder survive a power cut. */
function syncPath(folder: string): void {
  const descriptor = openSync(folder, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
