import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Metadata } from 'dagma'
import { type Json, type Operation, type OperationResult, traceOperation } from 'dagma/author'
import type { GenerateObjectOptions, GenerateOptions, Generation, LanguageModelClient, ObjectGeneration, TextStream } from './client.ts'
import { metadataOf } from './metadata.ts'

/** Takes a part of a text; resolves when it was taken. */
export type Emit = (text: string) => Promise<void>

/** The backend that answers: a model over the network, or the local one. */
export interface Generator {
  readonly backend: LanguageModelClient['backend']
  readonly model: string
  /** Answers with text; with `emit`, also part by part. */
  readonly text: (options: GenerateOptions, emit?: Emit) => Promise<Generation>
  readonly object: <Schema extends StandardSchemaV1>(
    options: GenerateObjectOptions<Schema>,
  ) => Promise<ObjectGeneration<StandardSchemaV1.InferOutput<Schema>>>
}

/** The client of a generator: shows each answer in the trace of the run. */
export function clientOf({ backend, model, text, object }: Generator): LanguageModelClient {
  const traced = <T extends Generation>(name: string, options: GenerateOptions, work: () => Promise<T>): Promise<T> =>
    traceOperation({ ...operationOf(options), name, system: backend, model }, work, outcomeOf)
  return {
    backend,
    model,
    generateText: (options) => traced('generate text', options, () => text(options)),
    generateObject: (options) => traced('generate object', options, () => object(options)),
    streamText: (options) => streamed((emit) => traced('stream text', options, () => text(options, emit))),
    metadata: (generations): Metadata => metadataOf(backend, model, [generations].flat()),
  }
}

function operationOf({ prompt, instructions, tools = {}, ...options }: GenerateOptions): Omit<Operation, 'name' | 'system'> {
  const { maxOutputTokens, temperature, seed } = options
  const said = typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt
  const messages = [...(instructions === undefined ? [] : [{ role: 'system', content: instructions }]), ...said]
  return {
    kind: 'generation',
    facts: { max_output_tokens: maxOutputTokens, temperature, seed, tools_count: Object.keys(tools).length },
    // Parts of messages may be bytes.
    input: () => JSON.parse(JSON.stringify(messages)) as Json,
  }
}

function outcomeOf({ text, model, finishReason, usage, cost, calls, cachedCalls }: Generation): OperationResult {
  return {
    usage: usage && { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens },
    model,
    facts: { finish_reason: finishReason, model_calls: calls, cached_calls: cachedCalls, cost },
    output: () => text,
  }
}

/** A text stream out of a generation that emits its text: begins when it is read, and continues as fast as it is read. */
function streamed(generate: (emit: Emit) => Promise<Generation>): TextStream {
  const whole = Promise.withResolvers<Generation>()
  whole.promise.catch(() => {}) // whoever reads the stream gets it too
  const read = async function* (): AsyncGenerator<string> {
    const { readable, writable } = new TransformStream<string, string>()
    const writer = writable.getWriter()
    const emit = (text: string): Promise<void> =>
      writer.write(text).catch(() => {
        throw new Error('Language model: the text stream was not read to its end, so there is no result.')
      })
    const generation = generate(emit)
    whole.resolve(generation)
    generation
      .then(
        () => writer.close(),
        (error) => writer.abort(error),
      )
      .catch(() => {}) // nobody reads any more
    yield* readable
  }
  return { textStream: read(), result: whole.promise }
}
