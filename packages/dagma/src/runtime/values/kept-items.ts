import {
  appendFileSync,
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DagmaError, dagmaError } from '../../errors.ts'
import { makeFolder, syncFolder, whenSynced } from '../durable-folder.ts'
import { fileName } from './value-path.ts'

/** How long results are kept that no retry has taken, in milliseconds: 30 days after the last one. */
const keptMs = 30 * 24 * 60 * 60 * 1000

const ending = '.jsonl'

/** Whose results they are. */
export interface KeptItemsOptions {
  readonly runId: string
  /** The run that this one retries, the one that that retries, and so on. */
  readonly retriedRunIds: readonly string[]
  /** Whether a kept result survives a power cut; otherwise the death of the process. */
  readonly sync: boolean
}

/** The call of `items()` that results belong to. */
export interface ItemsCall {
  readonly step: string
  readonly partitionKey: string | undefined
  readonly name: string
  readonly acrossRuns: boolean
}

/**
 * The stored results of the items of a run's steps: below `.dagma/items/` of the project, a folder for each step, partition and name, with a file for
 * each run, so that no two runs write to one. A line is one item: `["key",result]`.
 */
export class KeptItems {
  readonly #folder: string
  readonly #options: KeptItemsOptions
  /** The files that were opened for each step and partition. */
  readonly #opened = new Map<string, Set<string>>()

  constructor(projectFolder: string, options: KeptItemsOptions) {
    this.#folder = itemsFolder(projectFolder)
    this.#options = options
  }

  /** Opens what was kept for a call, and what it keeps from now on. @throws DAGMA_STORAGE_FAILED */
  open(call: ItemsCall): ItemFile {
    const { runId, retriedRunIds, sync } = this.#options
    const place = this.#placeOf(call.step, call.partitionKey)
    const folder = join(place, `${fileName(call.name)}@`)
    const own = join(folder, fileOf(runId))
    const retried = retriedRunIds.map((id) => join(folder, fileOf(id))).filter((file) => existsSync(file))
    return withFile(own, 'stored', () => {
      makeFolder(folder, { sync })
      const others = otherFiles(folder, [own, ...retried])
      for (const { file } of others.filter(({ isOld }) => isOld)) rmSync(file, { force: true })
      const earlier = [...retried, ...(call.acrossRuns ? others.flatMap(({ file, isOld }) => (isOld ? [] : [file])) : [])]
      this.#opened.set(place, new Set([...(this.#opened.get(place) ?? []), own, ...earlier]))
      return new ItemFile(own, earlier, sync)
    })
  }

  /** Removes what was kept for a step that has succeeded. What cannot be removed is left for the next one that finds it old. */
  remove(step: string, partitionKey: string | undefined): void {
    const place = this.#placeOf(step, partitionKey)
    for (const file of this.#opened.get(place) ?? []) {
      try {
        rmSync(file, { force: true })
        for (let folder = dirname(file); folder.startsWith(this.#folder); folder = dirname(folder)) rmdirSync(folder)
      } catch {
        // a folder that others use
      }
    }
    this.#opened.delete(place)
  }

  #placeOf(step: string, partitionKey: string | undefined): string {
    return join(this.#folder, fileName(step), partitionKey === undefined ? '@' : `${fileName(partitionKey)}@`)
  }
}

/** The folder of a project's stored items. */
export function keptItemFiles(projectFolder: string): { readonly file: string; readonly runId: string; readonly time: number }[] {
  const folder = itemsFolder(projectFolder)
  if (!existsSync(folder)) return []
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return entries.map(({ parentPath, name }) => {
    const file = join(parentPath, name)
    return { file, runId: basename(name, ending), time: statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0 }
  })
}

/** Where the runs of a project keep what their items gave. */
export function itemsFolder(projectFolder: string): string {
  return join(projectFolder, '.dagma', 'items')
}

/** The results that are kept for one call of `items()`. */
export class ItemFile {
  readonly #file: string
  readonly #earlier: readonly string[]
  readonly #sync: boolean
  readonly #descriptor: number

  /** Use {@link KeptItems.open}. */
  constructor(file: string, earlier: readonly string[], sync: boolean) {
    this.#file = file
    this.#earlier = earlier
    this.#sync = sync
    this.#descriptor = openSync(file, 'a+', 0o600)
    endLastLine(this.#descriptor)
    if (sync) syncFolder(dirname(file))
  }

  /** The results that were kept, with their keys: of this run first, then of the nearest one that it retries. @throws DAGMA_STORAGE_FAILED */
  async *kept(): AsyncGenerator<readonly [key: string, result: unknown]> {
    for (const file of [this.#file, ...this.#earlier]) {
      for await (const line of linesOf(file)) {
        const item = itemOf(line)
        if (item !== undefined) yield item
      }
    }
  }

  /** Keeps results, which are JSON: they are kept when this resolves. @throws DAGMA_STORAGE_FAILED */
  async keep(items: readonly (readonly [key: string, json: string])[]): Promise<void> {
    const lines = items.map(([key, json]) => `[${JSON.stringify(key)},${json}]\n`).join('')
    try {
      appendFileSync(this.#descriptor, lines)
      if (this.#sync) await whenSynced(this.#file)
    } catch (error) {
      throw storageFailure(this.#file, 'stored', error)
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor)
  }
}

/** Ends the line that was being written when its process was killed, so that it spoils no other. */
function endLastLine(descriptor: number): void {
  const { size } = fstatSync(descriptor)
  if (size === 0) return
  const last = Buffer.alloc(1)
  readSync(descriptor, last, 0, 1, size - 1)
  if (last.toString() !== '\n') appendFileSync(descriptor, '\n')
}

/** The lines of a file that have ended. Node's own reader of lines also ends them where JSON does not. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let begun: string[] = []
  try {
    for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 20 })) {
      const [first = '', ...others] = String(chunk).split('\n')
      begun.push(first)
      for (const next of others) {
        yield begun.join('')
        begun = [next]
      }
    }
  } catch (error) {
    throw storageFailure(file, 'loaded', error)
  }
}

/** An item as it was kept; undefined for a line that is torn. */
function itemOf(line: string): readonly [string, unknown] | undefined {
  try {
    const [key, result] = JSON.parse(line) as [string, unknown]
    return [key, result]
  } catch {
    return undefined
  }
}

/** The files of other runs, newest first, and which of them nobody needs any more. */
function otherFiles(folder: string, known: readonly string[]): { file: string; isOld: boolean }[] {
  const files = readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((file) => file.endsWith(ending) && !known.includes(file))
  const written = files.map((file) => ({ file, time: statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
  return written.sort((a, b) => b.time - a.time).map(({ file, time }) => ({ file, isOld: Date.now() - time > keptMs }))
}

function fileOf(runId: string): string {
  return `${fileName(runId)}${ending}`
}

function withFile<Result>(file: string, action: 'stored' | 'loaded', use: () => Result): Result {
  try {
    return use()
  } catch (error) {
    throw storageFailure(file, action, error)
  }
}

function storageFailure(place: string, action: 'stored' | 'loaded', error: unknown): unknown {
  if (error instanceof DagmaError || !(error instanceof Error)) return error
  return dagmaError('DAGMA_STORAGE_FAILED', { what: 'results of items', action, place, reason: error.message.replace(/\.$/, '') }, error)
}
