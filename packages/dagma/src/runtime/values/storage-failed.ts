import { keyText } from '../../definitions/assets/asset-key.ts'
import type { IOContext } from '../../definitions/assets/io-manager.ts'
import { DagmaError, dagmaError } from '../../errors.ts'

/** What `use` of the file of an asset's value gives. @throws DAGMA_STORAGE_FAILED for what the file system refuses */
export async function withStorage<Result>({ assetKey }: IOContext, file: string, use: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await use()
  } catch (error) {
    if (error instanceof DagmaError || !(error instanceof Error)) throw error
    throw dagmaError('DAGMA_STORAGE_FAILED', { asset: keyText(assetKey), file, reason: error.message }, error)
  }
}
