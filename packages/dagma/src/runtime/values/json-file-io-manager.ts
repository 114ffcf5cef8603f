import {
  closeSync,
  copyFileSync,
  fstatSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { keyText } from '../../definitions/assets/asset-key.ts'
import type { IOContext, IOManager } from '../../definitions/assets/io-manager.ts'
import { makeFolder, whenSynced } from '../durable-folder.ts'
import { contentDigest } from './content-digest.ts'
import { jsonText } from './json-text.ts'
import { withStorage } from './storage-failed.ts'
import { fileName, valuePath } from './value-path.ts'
import { valueUnreadable } from './value-unreadable.ts'

/** Options of {@link jsonFileIOManager}, besides the folder. */
export interface JsonFileIOManagerOptions {
  /** Whether a stored value survives a power cut; default: the death of the process only. */
  readonly sync?: boolean
  /** Whether a run is known to be over, so that nobody reads its own values any more. Default: no run is. */
  readonly isOver?: (runId: string) => boolean
}

/** How long the own values of a run are kept when nobody says that it is over, in milliseconds: a day after the last one was stored. */
const keptMs = 24 * 60 * 60 * 1000

/**
 * The default IO manager: each asset's value as one JSON file below a folder, of a partitioned asset one for each partition. A value is written
 * beside its place and renamed into it, so that nobody reads a half-written one.
 *
 * A run reads its own values first, whatever other runs have stored since: until it is over, each value that it stored has a second name, below
 * `@runs/`, which no asset's folder has. Files that are still being written are there too, so that those of a process that was killed go with its run.
 *
 * Calls are synchronous but for those that wait for the disk: for small files that is several times faster, and making the JSON of a large value takes
 * longer than writing it.
 * @example
 * ```ts
 * const orders = asset({ key: 'orders', run: () => [20, 35] })
 * export default definitions({ assets: [orders], ioManagers: { default: jsonFileIOManager('/data/values') } })
 * ```
 */
export function jsonFileIOManager(below: string, { sync = false, isOver = () => false }: JsonFileIOManagerOptions = {}): IOManager {
  const folder = resolve(below) // a step may change the current folder
  const runs = join(folder, '@runs')
  const runFolder = (runId: string): string => join(runs, fileName(runId))
  const ownFile = (context: IOContext): string => join(runFolder(context.runId), `${contentDigest(valuePath(context).join('/'))}.json`)
  const writer = crypto.randomUUID()
  const placeOf = (context: IOContext): string => join(folder, ...valuePath(context))
  let written = 0
  let isSwept = false
  return {
    placeOf,
    async handleOutput(context, value) {
      const text = jsonText(`value of asset "${keyText(context.assetKey)}"`, value)
      const [file, own] = [placeOf(context), ownFile(context)]
      // In their own folder: with each file that is synced, everything that has changed in its folder goes to the disk.
      const unfinished = join(dirname(own), 'unfinished', `${writer}-${++written}.tmp`)
      const storedAt = await withStorage({ context, action: 'stored', place: file }, async () => {
        if (!isSwept) removeLeftovers(runs, isOver)
        isSwept = true
        const left = [unfinished]
        try {
          inFolder(unfinished, sync, () => writeFileSync(unfinished, text))
          if (sync) await whenSynced(unfinished)
          if (sync) context.signal.throwIfAborted() // a step that is over changes no value
          const { mtimeMs } = statSync(unfinished)
          nameAgain(unfinished, own)
          left.push(own)
          inFolder(file, sync, () => renameSync(unfinished, file))
          if (sync) await whenSynced(dirname(file))
          return mtimeMs
        } catch (error) {
          left.forEach(removeIfThere)
          throw error
        }
      })
      return { sizeBytes: Buffer.byteLength(text), digest: contentDigest(text), storedAt }
    },
    async loadInput(context) {
      const file = placeOf(context)
      const stored = await withStorage({ context, action: 'loaded', place: file }, () => readIfThere(ownFile(context)) ?? readIfThere(file))
      if (stored === undefined) return undefined
      const { text, storedAt } = stored
      try {
        return { value: JSON.parse(text), digest: contentDigest(text), storedAt }
      } catch (error) {
        throw valueUnreadable(context, file, error)
      }
    },
    releaseRun: (runId) => rmSync(runFolder(runId), { recursive: true, force: true }),
  }
}

/** Writes a file, in a folder that is made when it is not there. */
function inFolder(file: string, sync: boolean, write: () => void): void {
  try {
    write()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    makeFolder(dirname(file), { sync })
    write()
  }
}

/** Gives a file a second name; on file systems that cannot, it is copied. */
function nameAgain(file: string, name: string): void {
  try {
    linkSync(file, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') rmSync(name) // of an earlier attempt of the step
    copyFileSync(file, name)
  }
}

/** Removes the own values of runs that are over, and of those of which nothing has been heard for long. */
function removeLeftovers(runs: string, isOver: (runId: string) => boolean): void {
  for (const name of readNames(runs)) {
    const folder = join(runs, name)
    const stored = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0
    if (isOver(name) || Date.now() - stored > keptMs) rmSync(folder, { recursive: true, force: true })
  }
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Removes a file, as far as that can be done: an error that led here says more. */
function removeIfThere(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // what keeps it from being removed kept it from being written
  }
}

/** The text of a file, and when that was written: both of the same file, though another may take its place. */
function readIfThere(file: string): { text: string; storedAt: number } | undefined {
  try {
    const descriptor = openSync(file, 'r')
    try {
      return { text: readFileSync(descriptor, 'utf8'), storedAt: fstatSync(descriptor).mtimeMs }
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
