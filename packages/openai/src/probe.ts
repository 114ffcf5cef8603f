import { type Finding, type ProbeContext, probeModel } from 'dagma/author'
import { caller, embedOnce } from './endpoint.ts'
import { type EmbeddingsSettings, endpointOf } from './settings.ts'

/** The findings of `dagma doctor` for the embeddings. It embeds one word, which costs about one token. */
export async function probeEmbeddings(
  settings: EmbeddingsSettings,
  { projectFolder, timeoutMs, signal }: ProbeContext,
): Promise<Finding[]> {
  const endpoint = endpointOf(settings)
  if (endpoint === undefined) return local(settings)
  const { model, baseUrl } = endpoint
  const check = 'EMBEDDINGS_MODEL'
  return probeModel({ model, baseUrl, apiKey: settings.apiKey, modelVariable: check, system: 'embeddings', projectFolder }, async () => {
    const from = caller({ ...settings, timeoutMs, retries: 0 }, endpoint, signal)
    const { vectors } = await embedOnce(['dagma'], from)
    const got = vectors[0]?.length ?? 0
    const { dimensions = got } = settings
    const message = `Model "${model}" returns vectors of ${got} numbers.`
    if (got === dimensions) return { check, status: 'ok', message }
    const fix = 'Leave EMBEDDINGS_DIMENSIONS out, or set it to a size that the model can return.'
    return { check: 'EMBEDDINGS_DIMENSIONS', status: 'error', message: `${message} The setting is ${dimensions}.`, fix }
  })
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
