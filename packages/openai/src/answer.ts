import type { EmbeddingsUsage } from './client.ts'

/** The vectors of one call, in the order of its texts. */
export interface Answer {
  readonly vectors: readonly (readonly number[])[]
  readonly usage: EmbeddingsUsage | undefined
}

/**
 * Reads an endpoint's answer to `count` texts. Vectors stand where their `index` says, whatever their order in the answer.
 * @returns the vectors, or in a few words what is wrong with the answer, with nothing of it but numbers
 */
export function readAnswer(answer: unknown, count: number): Answer | { readonly wrong: string } {
  const { data, usage } = record(answer)
  if (!Array.isArray(data)) return { wrong: 'the answer has no list of vectors' }
  if (data.length !== count) return { wrong: `the answer has ${data.length} vectors for ${count} texts` }
  const vectors: number[][] = []
  for (const item of data) {
    const { index, embedding } = record(item)
    if (!Number.isInteger(index) || Number(index) < 0 || Number(index) >= count || vectors[Number(index)] !== undefined)
      return { wrong: 'the answer does not say of each vector which text it belongs to' }
    if (!Array.isArray(embedding) || embedding.length === 0 || !embedding.every(Number.isFinite))
      return { wrong: 'a vector of the answer is no list of numbers' }
    vectors[Number(index)] = embedding
  }
  const odd = vectors.find(({ length }) => length !== vectors[0]?.length)
  if (odd) return { wrong: `the answer has vectors of ${vectors[0]?.length} and of ${odd.length} numbers` }
  return { vectors, usage: usageOf(usage) }
}

function usageOf(usage: unknown): EmbeddingsUsage | undefined {
  const { prompt_tokens: prompt, total_tokens: total = prompt } = record(usage)
  return isCount(prompt) && isCount(total) ? { promptTokens: prompt, totalTokens: total } : undefined
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
