import { keyText } from '../../definitions/assets/asset-key.ts'
import type { IOContext, IOManager } from '../../definitions/assets/io-manager.ts'

/** An IO manager that keeps values in memory, as they are, without a copy: for tests, and for runs whose values nobody needs afterwards. */
export function memoryIOManager(): IOManager {
  const values = new Map<string, unknown>()
  const place = ({ assetKey, partitionKey }: IOContext): string => JSON.stringify([keyText(assetKey), partitionKey ?? null])
  return {
    handleOutput: async (context, value) => {
      values.set(place(context), value)
      return {}
    },
    loadInput: async (context) => (values.has(place(context)) ? { value: values.get(place(context)) } : undefined),
  }
}
