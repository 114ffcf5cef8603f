import { keyText } from '../../definitions/assets/asset-key.ts'
import type { IOContext } from '../../definitions/assets/io-manager.ts'
import { type DagmaError, dagmaError } from '../../errors.ts'
import { shellWord } from '../../shell-word.ts'

/** The error of a stored value that is not JSON, with the command that recreates it. */
export function valueUnreadable({ assetKey, partitionKey }: IOContext, file: string, cause: unknown): DagmaError {
  const asset = keyText(assetKey)
  const partition = partitionKey === undefined ? '' : ` --partition ${shellWord(partitionKey)}`
  return dagmaError('DAGMA_VALUE_UNREADABLE', { asset, file, command: `dagma asset materialize --select ${asset}${partition}` }, cause)
}
