import { type Finding, type ProbeContext, probeModel } from 'dagma/author'
import { type LanguageModelSettings, remoteModel } from './settings.ts'

/** The findings of `dagma doctor` for the language model. It generates one word, which costs a few tokens. */
export async function probeLanguageModel(settings: LanguageModelSettings, context: ProbeContext): Promise<Finding[]> {
  const remote = remoteModel(settings)
  if (remote === undefined) return local(settings)
  const { model, baseUrl } = remote
  const { apiKey } = settings
  const { projectFolder } = context
  return probeModel({ model, baseUrl, apiKey, modelVariable: check, system: 'language model', projectFolder }, async () => {
    if (await countsTokens(settings, remote, context)) return { check, status: 'ok', message: `Model "${model}" answers.` }
    const message = `Model "${model}" answers, but the endpoint does not count tokens.`
    const fix = 'Metadata then has no tokens, and costs and budgets are estimated. Use a server that returns usage, if you need them.'
    return { check, status: 'warning', message, fix }
  })
}

const check = 'LLM_MODEL'

async function countsTokens(
  settings: LanguageModelSettings,
  remote: NonNullable<ReturnType<typeof remoteModel>>,
  { timeoutMs, signal }: ProbeContext,
): Promise<boolean> {
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
  return usage !== undefined
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
