import { type Finding, failedFinding } from '../metadata/finding.ts'
import type { Secret } from '../metadata/redaction/secret.ts'
import { ServiceError } from '../metadata/service-error.ts'
import { priceFindings } from './model-prices.ts'
import { plaintextKeyFindings } from './plaintext-key.ts'

/** A model behind an API, for {@link probeModel}. */
export interface ProbedModel {
  readonly model: string
  /** The root of the API; undefined for that of the provider. */
  readonly baseUrl: string | undefined
  readonly apiKey: Secret | undefined
  /** The variable with the model's name: the finding of a model that the API rejects. */
  readonly modelVariable: string
  /** The name of the finding of any other error, such as `embeddings`. */
  readonly system: string
  /** The folder of the project, which may have a file of prices. */
  readonly projectFolder: string
}

/**
 * The findings of `dagma doctor` for a model: whether its API can be reached and accepts the key, and the price of the model. `call` calls the model as
 * cheaply as possible, since compatible servers have no other call in common, and returns its own finding.
 * @example
 * ```ts
 * const findings = await probeModel(
 *   { model: 'small', baseUrl: 'https://llm.example.com/v1', apiKey: secret('LLM_API_KEY'), modelVariable: 'LLM_MODEL', system: 'language model', projectFolder: '.' },
 *   async () => ({ check: 'LLM_MODEL', status: 'ok', message: 'Model "small" answers.' }),
 * )
 * ```
 */
export async function probeModel(
  { model, baseUrl, apiKey, modelVariable, system, projectFolder }: ProbedModel,
  call: () => Promise<Finding>,
): Promise<Finding[]> {
  const prices = priceFindings(projectFolder, model)
  const plaintext = baseUrl === undefined ? [] : plaintextKeyFindings(apiKey, baseUrl)
  const reachable: Finding = { check: 'reachable', status: 'ok', message: `${baseUrl ?? 'The provider'} answers.` }
  const accepted = apiKey?.isSet ? `The key in ${apiKey.variable} is accepted.` : 'No key is set, and none is required.'
  try {
    const found = await call()
    return [reachable, ...plaintext, { check: 'authentication', status: 'ok', message: accepted }, found, ...prices]
  } catch (error) {
    const status = error instanceof ServiceError ? error.status : undefined
    // No answer, or one that is not an API's: a page, a redirect, something else.
    if (status === undefined || status < 400) return [failedFinding('reachable', error), ...plaintext, ...prices]
    const check = status === 401 || status === 403 ? 'authentication' : status === 400 || status === 404 ? modelVariable : system
    return [reachable, ...plaintext, failedFinding(check, error), ...prices]
  }
}
