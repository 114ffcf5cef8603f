import type { Finding, ProbeContext } from 'dagma'
import { checkedHttpUrl, failedFinding, finding, ServiceError } from 'dagma/author'
import type { EmbeddingsResult } from './client.ts'
import type { EmbeddingsSettings } from './resource.ts'
import { embeddingsService, embedThrough } from './rest.ts'

/** What `dagma doctor` says of embeddings. One word is embedded: nothing else tells whether address, key, model and size are right. */
export async function probeEmbeddings(settings: EmbeddingsSettings, { timeoutMs, signal }: ProbeContext): Promise<Finding[]> {
  const { baseUrl, model, dimensions, apiKey } = settings
  if (!baseUrl) return local(settings)
  const base = await finding('EMBEDDINGS_BASE_URL', () => checkedHttpUrl(baseUrl, 'EMBEDDINGS_BASE_URL'))
  const named: Finding[] = model
    ? []
    : [{ check: 'EMBEDDINGS_MODEL', status: 'bad', found: 'It is not set.', cure: 'Set it to the name of a model that the endpoint has.' }]
  if (base.status === 'bad' || !model) return [...(base.status === 'bad' ? [base] : []), ...named]
  const service = embeddingsService(baseUrl, { ...settings, timeoutMs, retries: 0 }, signal)
  try {
    const one = { model, baseUrl, dimensions, batchTexts: 1, batchBytes: 1, concurrency: 1 }
    return good(await embedThrough(service, one, ['word'], undefined), apiKey?.isSet ? apiKey.variable : undefined)
  } catch (error) {
    const status = error instanceof ServiceError ? error.status : undefined
    return [failedFinding(status === 401 || status === 403 ? 'authentication' : 'embeddings', error)]
  }
}

function good({ model, dimensions }: EmbeddingsResult, variable: string | undefined): Finding[] {
  const key = variable === undefined ? 'No key is set, and none is wanted.' : `The key in ${variable} is taken.`
  return [
    { check: 'embeddings', status: 'good', found: `Model ${model} gives vectors of ${dimensions} numbers.` },
    { check: 'authentication', status: 'good', found: key },
  ]
}

function local({ apiKey, model }: EmbeddingsSettings): Finding[] {
  const cure = 'Set EMBEDDINGS_BASE_URL and EMBEDDINGS_MODEL to use an endpoint.'
  const backend: Finding = { check: 'backend', status: 'local', found: 'The local form serves: words are hashed, no model is asked.', cure }
  const set = [apiKey?.isSet && apiKey.variable, model && 'EMBEDDINGS_MODEL'].filter(Boolean).join(' and ')
  if (set === '') return [backend]
  const found = `It is not set, which leaves ${set} unused.`
  return [
    backend,
    {
      check: 'EMBEDDINGS_BASE_URL',
      status: 'warning',
      found,
      cure: 'Set it to the root of the API, for example http://localhost:11434/v1.',
    },
  ]
}
