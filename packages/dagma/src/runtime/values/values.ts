import { join } from 'node:path'
import { type AssetKey, keyText } from '../../definitions/assets/asset-key.ts'
import type { IOContext, IOManager, StoredValue } from '../../definitions/assets/io-manager.ts'
import type { Definitions } from '../../definitions/definitions.ts'
import { dagmaError } from '../../errors.ts'
import { jsonFiles } from './json-files.ts'

/** The values of a project's assets, each with the IO manager that its asset names. */
export class Values {
  readonly #definitions: Definitions
  readonly #default: IOManager

  /** `fallback` keeps values where definitions name no default IO manager. */
  constructor(definitions: Definitions, fallback: IOManager) {
    this.#definitions = definitions
    this.#default = definitions.ioManagers.get('default') ?? fallback
  }

  /** Stores the value of an asset's partition. */
  store(context: IOContext, value: unknown): Promise<StoredValue> {
    return this.#managerOf(context.assetKey).handleOutput(context, value)
  }

  /** The value last stored. @throws DAGMA_INPUT_MISSING when there is none; `who` asks */
  async load(context: IOContext, who: string): Promise<unknown> {
    const { assetKey, partitionKey } = context
    const stored = await this.#managerOf(assetKey).loadInput(context)
    if (stored === undefined) {
      const isMade = this.#definitions.assets.get(keyText(assetKey))?.step?.kind === 'materialize'
      throw dagmaError('DAGMA_INPUT_MISSING', { who, input: keyText(assetKey), partition: partitionKey, isMade })
    }
    return stored.value
  }

  #managerOf(assetKey: AssetKey): IOManager {
    const named = this.#definitions.assets.get(keyText(assetKey))?.step?.ioManager
    return (named === undefined ? undefined : this.#definitions.ioManagers.get(named)) ?? this.#default
  }
}

/** The IO manager of a project that names no other: JSON files below `.dagma/values/`. */
export function projectValues(projectFolder: string, options: { sync?: boolean } = {}): IOManager {
  return jsonFiles(join(projectFolder, '.dagma', 'values'), options)
}
