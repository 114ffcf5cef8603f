import { keyText } from '../../definitions/assets/asset-key.ts'
import type { IOContext, IOManager } from '../../definitions/assets/io-manager.ts'
import { jsonText } from './json-text.ts'
import { valuePath } from './value-path.ts'
import { valueUnreadable } from './value-unreadable.ts'

/** What is needed of a key-value storage: any storage of the library `unstorage` has it, for S3, Redis, Azure, a folder and others. */
export interface ValueStorage {
  /** The text last set; null or undefined when there is none. */
  getItemRaw(key: string): Promise<unknown>
  setItemRaw(key: string, value: string): Promise<void>
}

/**
 * An IO manager that keeps each value as JSON text in a storage, so that steps on several machines find them. Keys join the parts of the
 * asset key by ":"; the partition follows behind "@". Whether a half-written value can be read is the storage's to say.
 */
export function storageIOManager(storage: ValueStorage): IOManager {
  const place = (context: IOContext): string => valuePath(context).join(':')
  return {
    handleOutput: async (context, value) => {
      const text = jsonText(keyText(context.assetKey), value)
      await storage.setItemRaw(place(context), text)
      return { sizeBytes: Buffer.byteLength(text) }
    },
    loadInput: async (context) => {
      const stored = await storage.getItemRaw(place(context))
      if (stored === null || stored === undefined) return undefined
      try {
        return { value: JSON.parse(typeof stored === 'string' ? stored : Buffer.from(stored as Uint8Array).toString('utf8')) }
      } catch (error) {
        throw valueUnreadable(context, place(context), error)
      }
    },
  }
}
