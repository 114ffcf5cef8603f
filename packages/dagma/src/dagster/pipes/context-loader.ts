import { readFile } from 'node:fs/promises'
import { DagmaError, dagmaError } from '../../errors.ts'
import { contextVariable, type PipesContextData, type PipesParams } from './protocol.ts'
import { readS3Object } from './s3-objects.ts'

/**
 * The context that the parameters lead to: inline (`data`), in a file (`path`), or in S3 (`bucket` and `key`).
 * @throws DAGMA_PIPES_PARAMS_INVALID, DAGMA_PACKAGE_MISSING
 */
export async function loadContext(params: PipesParams): Promise<PipesContextData> {
  const { path, data, bucket, key } = params
  if (typeof path === 'string') return parsed(`names the file ${path}`, () => readFile(path, 'utf8'))
  if (data !== undefined) return inlineContext(params)
  if (typeof bucket === 'string' && typeof key === 'string') return parsed(`names s3://${bucket}/${key}`, () => readS3Object(bucket, key))
  throw dagmaError('DAGMA_PIPES_PARAMS_INVALID', {
    variable: contextVariable,
    reason: `names no path, data or bucket and key, but: ${Object.keys(params).join(', ') || 'nothing'}`,
  })
}

/** The context that the parameters themselves hold. @throws DAGMA_PIPES_PARAMS_INVALID */
export function inlineContext({ data }: PipesParams): PipesContextData {
  if (isContext(data)) return data
  throw dagmaError('DAGMA_PIPES_PARAMS_INVALID', { variable: contextVariable, reason: 'is not a Pipes context' })
}

async function parsed(what: string, read: () => Promise<string>): Promise<PipesContextData> {
  try {
    const context: unknown = JSON.parse(await read())
    if (isContext(context)) return context
  } catch (error) {
    if (error instanceof DagmaError) throw error
    throw dagmaError('DAGMA_PIPES_PARAMS_INVALID', { variable: contextVariable, reason: `${what}, which cannot be read` }, error)
  }
  throw dagmaError('DAGMA_PIPES_PARAMS_INVALID', { variable: contextVariable, reason: `${what}, which contains no context` })
}

/** Dagster's own injectors write contexts; the fields that every context has distinguish it from other files. */
function isContext(data: unknown): data is PipesContextData {
  return typeof data === 'object' && data !== null && 'run_id' in data && 'asset_keys' in data
}
