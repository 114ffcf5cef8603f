import { type Finding, failedFinding, type ProbeContext, plaintextKeyFindings, priceFindings, ServiceError } from 'dagma/author'
import { type LanguageModelSettings, remoteModel } from './settings.ts'

/** What `dagma doctor` says of the language model: it asks for one word, since compatible servers have no other call in common. That costs a few tokens. */
export async function probeLanguageModel(
  settings: LanguageModelSettings,
  { projectFolder, timeoutMs, signal }: ProbeContext,
): Promise<Finding[]> {
  const remote = remoteModel(settings)
  if (remote === undefined) return local(settings)
  const prices = priceFindings(projectFolder, remote.model)
  const { apiKey } = settings
  const where = remote.baseUrl ?? 'The provider'
  const open = remote.baseUrl === undefined ? [] : plaintextKeyFindings(apiKey, remote.baseUrl)
  const reachable: Finding = { check: 'reachable', status: 'ok', message: `${where} answers.` }
  const accepted: Finding = {
    check: 'authentication',
    status: 'ok',
    message: apiKey?.isSet ? `The key in ${apiKey.variable} is accepted.` : 'No key is set, and none is required.',
  }
  const check = 'LLM_MODEL'
  try {
    const { openRemote } = await import('./remote.ts')
    const log = { debug() {}, info() {}, warning() {}, error() {}, critical() {} }
    const storage = { load: async () => undefined, store: async () => {} }
    const generator = await openRemote({ ...settings, timeoutMs, retries: 0, cache: false }, remote, {
      signal,
      log,
      storage,
      price: undefined,
    })
    const { usage } = await generator({ prompt: 'Answer with one word: ready.', maxOutputTokens: 16 }, { operation: 'generate text' })
    const answers: Finding = { check, status: 'ok', message: `Model "${remote.model}" answers.` }
    if (usage !== undefined) return [reachable, ...open, accepted, answers, ...prices]
    const message = `Model "${remote.model}" answers, but the endpoint does not count tokens.`
    const fix = 'Metadata then has no tokens, and costs and budgets are estimated. Use a server that returns usage, if you need them.'
    return [reachable, ...open, accepted, { check, status: 'warning', message, fix }, ...prices]
  } catch (error) {
    const status = error instanceof ServiceError ? error.status : undefined
    if (status === undefined || status < 400) return [failedFinding('reachable', error), ...open, ...prices]
    if (status === 401 || status === 403) return [reachable, ...open, failedFinding('authentication', error), ...prices]
    return [reachable, ...open, failedFinding(status === 400 || status === 404 ? check : 'language model', error), ...prices]
  }
}

function local({ model, apiKey }: LanguageModelSettings): Finding[] {
  const fix = 'Set LLM_BASE_URL and LLM_MODEL to use a model.'
  const backend: Finding = { check: 'backend', status: 'local', message: 'Using the local backend, which has no model.', fix }
  const set = [model && 'LLM_MODEL', apiKey?.isSet && apiKey.variable].filter(Boolean).join(' and ')
  if (set === '') return [backend]
  const message = `It is not set, which leaves ${set} unused.`
  return [
    backend,
    { check: 'LLM_BASE_URL', status: 'warning', message, fix: 'Set it to the base URL of the API, for example https://api.openai.com/v1.' },
  ]
}
