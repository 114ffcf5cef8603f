import { type Finding, failedFinding, type ProbeContext, plaintextKeyFindings, priceFindings, ServiceError } from 'dagma/author'
import { caller, embedOnce } from './endpoint.ts'
import { type EmbeddingsSettings, endpointOf } from './settings.ts'

/** What `dagma doctor` says of the embeddings: it embeds one word, since compatible servers have no other call in common. That costs about one token. */
export async function probeEmbeddings(
  settings: EmbeddingsSettings,
  { projectFolder, timeoutMs, signal }: ProbeContext,
): Promise<Finding[]> {
  const endpoint = endpointOf(settings)
  if (endpoint === undefined) return local(settings)
  const prices = priceFindings(projectFolder, endpoint.model)
  const { apiKey } = settings
  const open = plaintextKeyFindings(settings.apiKey, endpoint.baseUrl)
  const reachable: Finding = { check: 'reachable', status: 'ok', message: `${endpoint.baseUrl} answers.` }
  const letIn: Finding = {
    check: 'authentication',
    status: 'ok',
    message: apiKey?.isSet ? `The key in ${apiKey.variable} is accepted.` : 'No key is set, and none is required.',
  }
  const check = 'EMBEDDINGS_MODEL'
  try {
    const from = caller({ ...settings, timeoutMs, retries: 0 }, endpoint, signal)
    const { vectors } = await embedOnce(['dagma'], from)
    const got = vectors[0]?.length ?? 0
    const { dimensions = got } = settings
    const message = `Model "${endpoint.model}" gives vectors of ${got} numbers.`
    if (got === dimensions) return [reachable, ...open, letIn, { check, status: 'ok', message }, ...prices]
    const fix = 'Leave EMBEDDINGS_DIMENSIONS out, or set it to a size that the model can give.'
    return [
      reachable,
      ...open,
      letIn,
      { check: 'EMBEDDINGS_DIMENSIONS', status: 'error', message: `${message} It asks for ${dimensions}.`, fix },
    ]
  } catch (error) {
    const status = error instanceof ServiceError ? error.status : undefined
    // No answer, or one that is not an API's: a page, a redirect, something else.
    if (status === undefined || status < 400) return [failedFinding('reachable', error), ...open]
    if (status === 401 || status === 403) return [reachable, ...open, failedFinding('authentication', error)]
    return [reachable, ...open, failedFinding(status === 400 || status === 404 ? check : 'embeddings', error)]
  }
}

function local({ model, apiKey }: EmbeddingsSettings): Finding[] {
  const fix = 'Set EMBEDDINGS_BASE_URL and EMBEDDINGS_MODEL to use a model.'
  const backend: Finding = { check: 'backend', status: 'local', message: 'Using the local embedder, which has no model.', fix }
  const set = [model && 'EMBEDDINGS_MODEL', apiKey?.isSet && apiKey.variable].filter(Boolean).join(' and ')
  if (set === '') return [backend]
  const message = `It is not set, which leaves ${set} unused.`
  const setUrl = 'Set it to the root of the API, for example https://api.openai.com/v1.'
  return [backend, { check: 'EMBEDDINGS_BASE_URL', status: 'warning', message, fix: setUrl }]
}
