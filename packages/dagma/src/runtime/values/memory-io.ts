import { keyText } from '../../definitions/assets/asset-key.ts'
import type { IOContext, IOManager } from '../../definitions/assets/io-manager.ts'
import { jsonText } from './json-text.ts'

/**
 * An IO manager that keeps values in memory: for tests, and for runs whose values nobody needs afterwards. It returns what a stored value
 * would be, a copy by way of JSON; with `asIs` the value itself, for assets that name it by `typedIOManager()`.
 * @example
 * ```ts
 * const orders = asset({ key: 'orders', run: () => [20, 35] })
 * export default definitions({ assets: [orders], ioManagers: { default: memoryIOManager() } })
 * ```
 */
export function memoryIOManager({ asIs = false }: { asIs?: boolean } = {}): IOManager {
  const latest = new Map<string, unknown>()
  const ofRuns = new Map<string, Map<string, unknown>>()
  const place = ({ assetKey, partitionKey }: IOContext): string => JSON.stringify([keyText(assetKey), partitionKey ?? null])
  const keep = (context: IOContext, kept: unknown): void => {
    const own = ofRuns.get(context.runId) ?? new Map<string, unknown>()
    ofRuns.set(context.runId, own)
    for (const values of [latest, own]) values.set(place(context), kept)
  }
  return {
    inProcess: true,
    handleOutput: async (context, value) => {
      const kept = asIs ? value : jsonText(`value of asset "${keyText(context.assetKey)}"`, value)
      keep(context, kept)
      return asIs ? {} : { sizeBytes: Buffer.byteLength(String(kept)) }
    },
    loadInput: async (context) => {
      const values = [ofRuns.get(context.runId), latest].find((some) => some?.has(place(context)))
      if (values === undefined) return undefined
      const kept = values.get(place(context))
      return { value: asIs ? kept : JSON.parse(String(kept)) }
    },
    releaseRun: (runId) => void ofRuns.delete(runId),
  }
}
