import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type AssetKey, keyText } from '../definitions/asset-key.ts'
import type { Definitions } from '../definitions/definitions.ts'
import type { IOManager } from '../definitions/io-manager.ts'
import { dagmaError } from '../errors.ts'

/** The project's IO manager: the declared one, otherwise JSON files below `.dagma/values/`. */
export function projectIOManager(definitions: Definitions, projectFolder: string): IOManager {
  return definitions.ioManager ?? jsonFiles(join(projectFolder, '.dagma', 'values'))
}

/**
 * The default IO manager: each asset's value as one JSON file below `folder`. A value is written beside its place and renamed into it, so
 * that nobody reads a half-written one.
 */
export function jsonFiles(folder: string): IOManager {
  const fileOf = (key: AssetKey): string => `${join(folder, ...key)}.json`
  return {
    async handleOutput({ assetKey }, value) {
      const text = jsonText(keyText(assetKey), value)
      const file = fileOf(assetKey)
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
    async loadInput({ assetKey, downstream }) {
      const file = fileOf(assetKey)
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
        throw dagmaError('DAGMA_INPUT_MISSING', { asset: keyText(downstream), input: keyText(assetKey) })
      })
      try {
        return JSON.parse(text)
      } catch (error) {
        throw dagmaError('DAGMA_VALUE_UNREADABLE', { asset: keyText(assetKey), file }, error)
      }
    },
  }
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
