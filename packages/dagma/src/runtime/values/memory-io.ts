import { keyText } from '../../definitions/assets/asset-key.ts'
import type { IOContext, IOManager } from '../../definitions/assets/io-manager.ts'
import { jsonText } from './json-text.ts'

/**
 * An IO manager that keeps values in memory: for tests, and for runs whose values nobody needs afterwards. It gives back what a stored value
 * would be, a copy by way of JSON; with `asIs` the value itself, for assets that name it by `typedIOManager()`.
 */
export function memoryIOManager({ asIs = false }: { asIs?: boolean } = {}): IOManager {
  const values = new Map<string, unknown>()
  const place = ({ assetKey, partitionKey }: IOContext): string => JSON.stringify([keyText(assetKey), partitionKey ?? null])
  return {
    handleOutput: async (context, value) => {
      if (asIs) {
        values.set(place(context), value)
        return {}
      }
      const text = jsonText(keyText(context.assetKey), value)
      values.set(place(context), text)
      return { sizeBytes: Buffer.byteLength(text) }
    },
    loadInput: async (context) => {
      if (!values.has(place(context))) return undefined
      const kept = values.get(place(context))
      return { value: asIs ? kept : JSON.parse(String(kept)) }
    },
  }
}
