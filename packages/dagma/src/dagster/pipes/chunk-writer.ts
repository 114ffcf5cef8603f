import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deliveryFailed } from './delivery-failed.ts'
import type { PipesMessageWriter } from './protocol.ts'

/** Settings of {@link chunkWriter}. */
export interface PipesChunkWriterOptions {
  /** Stores a chunk, a message a line. `index` counts from 1, and only on success: after a failure the same text comes again under the same index. */
  readonly upload: (text: string, index: number) => Promise<void>
  /** The least time between two chunks, in seconds; default 10. The first is sent immediately, the last when the session closes. */
  readonly intervalSeconds?: number
}

/**
 * Writes messages in numbered chunks, as the readers of blob stores in Dagster (`PipesBlobStoreMessageReader` and its kind) take them. It is what
 * S3 uses; with your own `upload` it takes messages to any other store.
 * @example
 * ```ts
 * const chunks = new Map<string, string>()
 * const writer = chunkWriter({ upload: async (text, index) => void chunks.set(`${index}.json`, text) })
 * ```
 */
export function chunkWriter({ upload, intervalSeconds = 10 }: PipesChunkWriterOptions): PipesMessageWriter {
  let lines: string[] = []
  let chunk: { readonly text: string; readonly index: number } | undefined
  let index = 0
  let timer: NodeJS.Timeout | undefined
  let uploading: Promise<void> = Promise.resolve()
  let began = Number.NEGATIVE_INFINITY

  const isPending = (): boolean => chunk !== undefined || lines.length > 0
  /** Uploads one chunk: what failed the last time, as it was, since its upload may have arrived nevertheless; otherwise all lines since. */
  const uploadNext = async (): Promise<void> => {
    if (chunk === undefined) {
      index += 1
      chunk = { text: lines.join('\n'), index }
      lines = []
    }
    began = performance.now()
    await upload(chunk.text, chunk.index)
    chunk = undefined
  }
  const schedule = (): void => {
    if (timer !== undefined) return
    const wait = Math.max(0, began + intervalSeconds * 1000 - performance.now())
    timer = setTimeout(() => {
      uploading = uploadNext()
        .catch(() => {}) // retried with the next chunk; close() throws the last failure
        .finally(() => {
          timer = undefined
          if (isPending()) schedule()
        })
    }, wait).unref()
  }
  return {
    write: (line) => {
      lines.push(line)
      schedule()
    },
    close: async () => {
      await uploading
      clearTimeout(timer)
      try {
        while (isPending()) await uploadNext()
      } catch (error) {
        throw deliveryFailed(error)
      }
    },
  }
}

/** Stores chunks as files of a folder that both sides see, such as a mounted volume: `1.json`, `2.json` … */
export function fileUpload(folder: string): PipesChunkWriterOptions['upload'] {
  return (text, index) => writeFile(join(folder, `${index}.json`), text)
}
