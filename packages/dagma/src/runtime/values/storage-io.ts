import type { IOContext, IOManager } from '../../definitions/assets/io-manager.ts'
import { textIOManager } from './text-io-manager.ts'
import { valuePath } from './value-path.ts'

type MaybePromise<Value> = Value | Promise<Value>

/** The interface of a key-value storage: any storage of the library `unstorage` implements it, for Redis, Azure, a folder and others. */
export interface ValueStorage {
  /** The text last set; null or undefined when there is none. */
  getItemRaw(key: string): Promise<unknown>
  setItemRaw(key: string, value: string): Promise<void>
  /** Says when a value was stored, where the storage knows that. */
  getMeta?(key: string, options: { readonly nativeOnly: true }): MaybePromise<{ readonly mtime?: Date | undefined }>
}

/**
 * An IO manager that keeps each value as JSON text in a storage, so that steps on several machines find them. Keys join the parts of the
 * asset key by ":"; the partition follows behind "@". A value is read back after it has been set, since some storages report success for what they
 * did not keep. Whether a half-written value can be read depends on the storage. For S3, {@link s3IOManager} does more.
 * @throws DAGMA_STORAGE_FAILED in the step that stores or loads, for what the storage refuses or does not keep
 * @example
 * ```ts
 * // Any storage with these methods, such as one of `unstorage`.
 * const bytes = new Map<string, unknown>()
 * const storage = {
 *   getItemRaw: async (key: string) => bytes.get(key) ?? null,
 *   setItemRaw: async (key: string, value: unknown) => void bytes.set(key, value),
 * }
 * export default definitions({ ioManagers: { default: storageIOManager(storage) } })
 * ```
 */
export function storageIOManager(storage: ValueStorage): IOManager {
  const place = (context: IOContext): string => valuePath(context).join(':')
  const readText = async (context: IOContext): Promise<string | undefined> => {
    const stored = await storage.getItemRaw(place(context))
    if (stored === null || stored === undefined) return undefined
    return typeof stored === 'string' ? stored : Buffer.from(stored as Uint8Array).toString('utf8')
  }
  return textIOManager({
    place,
    async read(context) {
      const [text, meta] = await Promise.all([readText(context), storage.getMeta?.(place(context), { nativeOnly: true })])
      const storedAt = meta?.mtime === undefined ? Number.NaN : new Date(meta.mtime).getTime()
      return text === undefined ? undefined : { text, storedAt: Number.isNaN(storedAt) ? undefined : storedAt }
    },
    async write(context, text) {
      // A second time, since another run may have set the same value in between.
      for (let attempt = 0; attempt < 2; attempt++) {
        await storage.setItemRaw(place(context), text)
        if ((await readText(context)) === text) return
      }
      throw new Error('the storage reported success but did not keep the value. Check that its bucket, container or table exists')
    },
  })
}
