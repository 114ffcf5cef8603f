import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { keyText } from '../definitions/asset-key.ts'
import type { IOContext, IOManager } from '../definitions/io-manager.ts'
import { dagmaError } from '../errors.ts'

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

/** `value` as JSON text. `undefined` as a whole becomes null. @throws DAGMA_VALUE_NOT_STORABLE for what JSON would lose. */
export function jsonText(asset: string, value: unknown): string {
  function check(this: { readonly [member: string]: unknown }, member: string, item: unknown): unknown {
    const lost = lostAs(item) ?? lostAs(this[member]) // `item` is what toJSON made of the member
    if (lost === undefined) return item
    const reason = member === '' ? `it is ${lost}` : `it has ${lost} at "${member}"`
    throw dagmaError('DAGMA_VALUE_NOT_STORABLE', { asset, reason })
  }
  try {
    return JSON.stringify(value ?? null, check)
  } catch (error) {
    if (error instanceof TypeError) throw dagmaError('DAGMA_VALUE_NOT_STORABLE', { asset, reason: error.message.split('\n')[0] ?? '' })
    throw error
  }
}

/** What JSON cannot hold, by name; it would become null or an object that is something else. */
function lostAs(item: unknown): string | undefined {
  if (typeof item === 'number' && !Number.isFinite(item)) return String(item)
  if (typeof item === 'bigint' || typeof item === 'function' || typeof item === 'symbol') return `a ${typeof item}`
  if (item instanceof Map || item instanceof Set || ArrayBuffer.isView(item)) return `a ${item.constructor.name}`
  return undefined
}
