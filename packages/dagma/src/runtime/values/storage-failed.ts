import { keyText } from '../../definitions/assets/asset-key.ts'
import type { IOContext } from '../../definitions/assets/io-manager.ts'
import { DagmaError, dagmaError } from '../../errors.ts'

interface StorageUse {
  readonly context: IOContext
  readonly action: 'stored' | 'loaded'
  /** A file, or an address in another storage. */
  readonly place: string
}

/** Returns the result of `use` on the storage of a value. @throws DAGMA_STORAGE_FAILED for errors of the storage, except those that end an aborted step */
export async function withStorage<Result>(
  { context: { assetKey, partitionKey, signal }, action, place }: StorageUse,
  use: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await use()
  } catch (error) {
    if (error instanceof DagmaError || !(error instanceof Error) || signal.aborted) throw error
    const reason = [...(error.name === 'Error' ? [] : [error.name]), error.message.replace(/\.$/, '')].join(': ')
    const what = `value of asset "${keyText(assetKey)}"${partitionKey === undefined ? '' : `, partition "${partitionKey}"`}`
    throw dagmaError('DAGMA_STORAGE_FAILED', { what, action, place, reason }, error)
  }
}
