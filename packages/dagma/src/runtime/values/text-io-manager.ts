import { keyText } from '../../definitions/assets/asset-key.ts'
import type { IOContext, IOManager } from '../../definitions/assets/io-manager.ts'
import { contentDigest } from './content-digest.ts'
import { jsonText } from './json-text.ts'
import { withStorage } from './storage-failed.ts'
import { valueUnreadable } from './value-unreadable.ts'

/** A store of texts, one for the value of each asset's partition. */
interface TextStore {
  /** Where the value is, as errors name it. */
  place(context: IOContext): string
  /** Resolves when the text is stored. */
  write(context: IOContext, text: string): Promise<void>
  /** The text last stored, and when that was if the store knows; undefined when there is none. */
  read(context: IOContext): Promise<{ readonly text: string; readonly storedAt: number | undefined } | undefined>
}

/** An IO manager that keeps each value as JSON text in a store. */
export function textIOManager({ place, write, read }: TextStore): IOManager {
  return {
    placeOf: place,
    handleOutput: async (context, value) => {
      const text = jsonText(`value of asset "${keyText(context.assetKey)}"`, value)
      await withStorage({ context, action: 'stored', place: place(context) }, () => write(context, text))
      return { sizeBytes: Buffer.byteLength(text), digest: contentDigest(text), storedAt: Date.now() }
    },
    loadInput: async (context) => {
      const stored = await withStorage({ context, action: 'loaded', place: place(context) }, () => read(context))
      if (stored === undefined) return undefined
      const { text, storedAt } = stored
      try {
        return { value: JSON.parse(text), digest: contentDigest(text), storedAt }
      } catch (error) {
        throw valueUnreadable(context, place(context), error)
      }
    },
  }
}
