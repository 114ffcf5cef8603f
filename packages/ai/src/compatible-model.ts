import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { ServiceError } from 'dagma/author'
import type { CallOptions, CallResult, Model, StreamResult } from './model-types.ts'
import type { ProviderOptions } from './settings.ts'

/** Features that are not requested again once a server has rejected them, from the mildest; each with the calls that it concerns. */
const concessions = {
  /** `max_completion_tokens`, which newer models of OpenAI take in place of `max_tokens`. */
  newLimit: ({ maxOutputTokens }: CallOptions) => maxOutputTokens !== undefined,
  /** A stream without the tokens that it took. */
  noStreamUsage: (_: CallOptions, streaming: boolean) => streaming,
  /** JSON, but without a schema: that is in the instructions too. */
  noSchema: ({ responseFormat }: CallOptions) => responseFormat?.type === 'json',
  /** Text that should be JSON. */
  noFormat: ({ responseFormat }: CallOptions) => responseFormat?.type === 'json',
} as const
type Concession = keyof typeof concessions

/** A model behind an OpenAI-compatible endpoint. Features that the endpoint rejects with 400 or 422 are omitted from then on. */
export function compatibleModel(model: string, { baseURL = '', apiKey, fetch }: ProviderOptions): Model {
  let made: readonly Concession[] = []
  const variant = (left: readonly Concession[]): Model =>
    createOpenAICompatible({
      name: 'compatible',
      baseURL,
      fetch,
      ...(apiKey !== undefined && { apiKey }),
      includeUsage: !left.includes('noStreamUsage'),
      supportsStructuredOutputs: !left.includes('noSchema'),
      transformRequestBody: ({ response_format, max_tokens, ...rest }) => ({
        ...rest,
        ...(left.includes('noFormat') ? {} : { response_format }),
        ...(left.includes('newLimit') ? { max_completion_tokens: max_tokens } : { max_tokens }),
      }),
    }).chatModel(model)

  const call = async <Result>(params: CallOptions, streaming: boolean, make: (of: Model) => PromiseLike<Result>): Promise<Result> => {
    let left = made
    const open = (Object.keys(concessions) as Concession[]).filter((one) => !left.includes(one) && concessions[one](params, streaming))
    let first: unknown
    for (;;) {
      try {
        const result = await make(variant(left))
        made = [...new Set([...made, ...left])]
        return result
      } catch (error) {
        first ??= error
        const next = isRefusal(error) ? open.shift() : undefined
        if (next === undefined) throw first
        left = [...left, next]
      }
    }
  }
  const base = variant([])
  return {
    specificationVersion: base.specificationVersion,
    provider: base.provider,
    modelId: model,
    supportedUrls: base.supportedUrls,
    doGenerate: (params) => call<CallResult>(params, false, (of) => of.doGenerate(params)),
    doStream: (params) => call<StreamResult>(params, true, (of) => of.doStream(params)),
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof ServiceError && (error.status === 400 || error.status === 422)
}
