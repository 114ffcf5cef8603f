import type { Generation, LanguageModelClient } from '@dagma/ai'
import { type Hit, search } from './search.ts'

/** An answer, and the passages that it was made of. */
export interface Answer {
  readonly answer: string
  /** Passages by their ids, in the order in which the model was given them. */
  readonly sources: readonly string[]
}

const instructions =
  'Answer the question from the numbered passages only, in a few sentences. Name the numbers of the passages that you used, such as [1]. Say so when they do not answer it.'

/** Answers a question from the passages that the search finds for it. */
export async function answer(
  question: string,
  model: LanguageModelClient,
  options: Parameters<typeof search>[1],
): Promise<Answer & { readonly generation: Generation; readonly hits: readonly Hit[] }> {
  const hits = await search(question, options)
  const passages = hits.map(({ text }, index) => `[${index + 1}] ${text}`)
  const prompt = `${passages.join('\n\n')}\n\nQuestion: ${question}`
  const generation = await model.generateText({ instructions, prompt, temperature: 0, signal: options.signal })
  return { answer: generation.text, sources: hits.map(({ passage }) => passage), generation, hits }
}
