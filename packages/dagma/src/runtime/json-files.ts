import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { keyText } from '../definitions/asset-key.ts'
import type { IOContext, IOManager } from '../definitions/io-manager.ts'
import { dagmaError } from '../errors.ts'
import { jsonText } from './json-text.ts'

/**
 * The default IO manager: each asset's value as one JSON file below `folder`, of a partitioned asset one for each partition. A value is
 * written beside its place and renamed into it, so that nobody reads a half-written one.
 */
export function jsonFiles(folder: string): IOManager {
  return {
    async handleOutput(context, value) {
      const text = jsonText(keyText(context.assetKey), value)
      const file = valueFile(folder, context)
      const unfinished = `${file}.${randomUUID()}.tmp`
      try {
        await writeFile(unfinished, text).catch(async (error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') throw error
          await mkdir(dirname(file), { recursive: true })
          await writeFile(unfinished, text)
        })
        await rename(unfinished, file)
      } catch (error) {
        await rm(unfinished, { force: true })
        throw error
      }
      return { sizeBytes: Buffer.byteLength(text) }
    },
    async loadInput(context) {
      const file = valueFile(folder, context)
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw error
      })
      if (text === undefined) return undefined
      try {
        return { value: JSON.parse(text) }
      } catch (error) {
        throw dagmaError('DAGMA_VALUE_UNREADABLE', { asset: keyText(context.assetKey), file }, error)
      }
    },
  }
}

/** Partitions have a folder of their own, whose name no part of an asset key can have. */
function valueFile(folder: string, { assetKey, partitionKey }: IOContext): string {
  const path = join(folder, ...assetKey)
  return partitionKey === undefined ? `${path}.json` : join(`${path}@`, `${encodeURIComponent(partitionKey)}.json`)
}
