import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { GenerateObjectOptions, GenerateOptions, Generation, ModelMessage, ObjectGeneration } from '../client.ts'
import { expectPrompt } from '../failure.ts'
import type { Generator } from '../generator.ts'
import { checkedObject, jsonSchemaOf } from '../json-answer.ts'
import { objectOf } from './object-of.ts'
import { bestSentences } from './sentences.ts'

/** Name of the local backend, in place of a model. */
export const localModel = 'local-extractive'

/** Answers with the sentences of the prompt that say most about its question: the same prompt always has the same answer. Calls nothing. */
export function localGenerator(runSignal: AbortSignal): Generator {
  const answer = (
    options: Pick<GenerateOptions, 'prompt' | 'signal'>,
  ): { readonly sentences: readonly string[]; readonly began: number } => {
    const began = performance.now()
    runSignal.throwIfAborted()
    options.signal?.throwIfAborted()
    expectPrompt(options.prompt)
    return { sentences: bestSentences(textOf(options.prompt)), began }
  }
  return {
    backend: 'local',
    model: localModel,
    text: async (options, emit) => {
      const { sentences, began } = answer(options)
      for (const [index, sentence] of sentences.entries()) await emit?.(index === 0 ? sentence : ` ${sentence}`)
      return generation(sentences.join(' '), began)
    },
    object: async (options) => {
      const { sentences, began } = answer(options)
      return localObject(options, sentences, began)
    },
  }
}

async function localObject<Schema extends StandardSchemaV1>(
  { schema, jsonSchema }: GenerateObjectOptions<Schema>,
  sentences: readonly string[],
  began: number,
): Promise<ObjectGeneration<StandardSchemaV1.InferOutput<Schema>>> {
  const value = objectOf(jsonSchemaOf(schema, jsonSchema), sentences)
  const read = await checkedObject(value, schema)
  if ('object' in read) return { ...generation(JSON.stringify(value), began), object: read.object }
  throw new RangeError(`Language model: the local backend has no value for this schema: ${read.wrong}. Use a model, or a simpler schema.`)
}

function generation(text: string, began: number): Generation {
  return {
    text,
    model: localModel,
    finishReason: 'stop',
    usage: undefined,
    cost: undefined,
    latencyMs: performance.now() - began,
    calls: 1,
    cachedCalls: 0,
    toolCalls: [],
    messages: [{ role: 'assistant', content: text }],
  }
}

/** The texts of users and tools in a prompt, without those of the model. */
function textOf(prompt: string | readonly ModelMessage[]): string {
  if (typeof prompt === 'string') return prompt
  const spoken = prompt.filter(({ role }) => role === 'user')
  return spoken
    .map(({ content }) =>
      typeof content === 'string' ? content : content.map((part) => ('text' in part ? String(part.text) : '')).join('\n'),
    )
    .join('\n')
}
