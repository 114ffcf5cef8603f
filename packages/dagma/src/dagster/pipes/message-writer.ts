import { statSync } from 'node:fs'
import { dagmaError } from '../../errors.ts'
import { chunkWriter, fileUpload } from './chunk-writer.ts'
import { fileWriter } from './file-writer.ts'
import { messagesVariable, type PipesMessageWriter, type PipesParams } from './protocol.ts'
import { s3Upload } from './s3-objects.ts'
import { bufferedStreamWriter, streamWriter } from './stream-writer.ts'

/**
 * The writer that the parameters ask for: to a file or into numbered files of a folder (`path`), to a stream (`stdio`) or that at the end
 * (`buffered_stdio`), or to S3 (`bucket`, `key_prefix`).
 * @throws DAGMA_PIPES_PARAMS_INVALID, DAGMA_PACKAGE_MISSING
 */
export async function defaultWriter(params: PipesParams): Promise<PipesMessageWriter> {
  const { path, stdio, buffered_stdio, bucket, key_prefix } = params
  if (typeof path === 'string') return isFolder(path) ? chunkWriter({ upload: fileUpload(path) }) : fileWriter(path)
  if (stdio === 'stdout' || stdio === 'stderr') return streamWriter(process[stdio])
  if (buffered_stdio === 'stdout' || buffered_stdio === 'stderr') return bufferedStreamWriter(process[buffered_stdio])
  if (typeof bucket === 'string')
    return chunkWriter({ upload: await s3Upload(bucket, typeof key_prefix === 'string' ? key_prefix : undefined) })
  throw dagmaError('DAGMA_PIPES_PARAMS_INVALID', {
    variable: messagesVariable,
    reason: `names no path, stdout or stderr, or bucket, but: ${Object.keys(params).join(', ') || 'nothing'}`,
  })
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
