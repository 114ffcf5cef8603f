/** The two parameters that a Pipes client starts a process with: in the environment, or on the command line. */
import { parseArgs } from 'node:util'
import { dagmaError } from '../../errors.ts'
import { contextVariable, decodeParam, messagesVariable, type PipesParams } from './protocol.ts'

/** Where the parameters may stand. */
export interface ParamsSource {
  /** Variables by name; `process.env` by default. */
  readonly environment: { readonly [variable: string]: string | undefined }
  /** Arguments of the command line, after the script's name. They take precedence over the environment. */
  readonly args: readonly string[]
}

/** Both parameters; undefined when Dagster did not start this process, which the one of the context tells. @throws DAGMA_PIPES_PARAMS_INVALID */
export function readParams(source: ParamsSource): { readonly context: PipesParams; readonly messages: PipesParams } | undefined {
  const { values } = parseArgs({
    args: [...source.args],
    strict: false,
    options: { [flagOf(contextVariable)]: { type: 'string' }, [flagOf(messagesVariable)]: { type: 'string' } },
  })
  const textOf = (variable: string): string | undefined => {
    const flag = values[flagOf(variable)]
    return typeof flag === 'string' ? flag : source.environment[variable]
  }
  const context = textOf(contextVariable)
  if (context === undefined) return undefined
  const messages = textOf(messagesVariable)
  if (messages === undefined)
    throw dagmaError('DAGMA_PIPES_PARAMS_INVALID', { variable: messagesVariable, reason: `is not set, but ${contextVariable} is` })
  return { context: decodeParams(contextVariable, context), messages: decodeParams(messagesVariable, messages) }
}

/** `DAGSTER_PIPES_CONTEXT` is `--dagster-pipes-context` on the command line. */
function flagOf(variable: string): string {
  return variable.toLowerCase().replaceAll('_', '-')
}

/** Decodes one of the two parameters. @throws DAGMA_PIPES_PARAMS_INVALID */
export function decodeParams(variable: string, text: string): PipesParams {
  let value: unknown
  try {
    value = decodeParam(text)
  } catch (error) {
    throw dagmaError('DAGMA_PIPES_PARAMS_INVALID', { variable, reason: 'is not base64 of zlib of JSON' }, error)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw dagmaError('DAGMA_PIPES_PARAMS_INVALID', { variable, reason: 'is not a JSON object' })
  return { ...value }
}
