import { createHash } from 'node:crypto'
import type { ResourceStorage } from 'dagma'
import type { CallOptions, CallResult, StreamPart } from './model-types.ts'

/** Changes when what is kept has another form. */
const version = 1

/** An answer as it is kept: JSON. */
export type KeptAnswer = Pick<CallResult, 'content' | 'finishReason'> & { readonly model: string | undefined }

/** The answers of a model that are kept, by a digest of everything that is sent. */
export class AnswerCache {
  readonly #storage: ResourceStorage
  readonly #model: readonly (string | undefined)[]

  /** `model` says which model it is. */
  constructor(storage: ResourceStorage, model: readonly (string | undefined)[]) {
    this.#storage = storage
    this.#model = model
  }

  async load(params: CallOptions): Promise<KeptAnswer | undefined> {
    const kept = (await this.#storage.load(this.#key(params))) as KeptAnswer | undefined
    return Array.isArray(kept?.content) ? kept : undefined
  }

  /** Keeps an answer that came to its end and is text, reasoning and calls of tools. */
  async store(params: CallOptions, { content, finishReason, model }: KeptAnswer): Promise<void> {
    if (finishReason.unified !== 'stop' && finishReason.unified !== 'tool-calls') return
    const kinds = ['text', 'reasoning', 'tool-call']
    if (!content.every(({ type }) => kinds.includes(type))) return
    // Members that JSON cannot represent, such as undefined ones, are omitted.
    const kept: unknown = JSON.parse(JSON.stringify({ content, finishReason, model }))
    await this.#storage.store(this.#key(params), kept)
  }

  #key({ abortSignal: _, headers: __, includeRawChunks: ___, ...sent }: CallOptions): string[] {
    const digest = createHash('sha256')
      .update(JSON.stringify([version, this.#model, sent], inOrder))
      .digest('hex')
    return ['languageModel', digest.slice(0, 2), digest]
  }
}

/** Members in the order of their names, and bytes as base64: the same request is the same text. */
function inOrder(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The parts of a stream that gives an answer. */
export function* partsOf({ content, finishReason, usage }: CallResult): Generator<StreamPart> {
  yield { type: 'stream-start', warnings: [] }
  for (const [index, part] of content.entries()) {
    const id = String(index)
    if (part.type === 'text') {
      yield { type: 'text-start', id }
      yield { type: 'text-delta', id, delta: part.text }
      yield { type: 'text-end', id }
    } else if (part.type === 'reasoning') {
      yield { type: 'reasoning-start', id }
      yield { type: 'reasoning-delta', id, delta: part.text }
      yield { type: 'reasoning-end', id }
    } else if (part.type === 'tool-call') yield part
  }
  yield { type: 'finish', finishReason, usage }
}

/** Puts an answer together out of the parts of its stream. */
export class Gathered {
  readonly content: CallResult['content'] = []
  readonly #texts = new Map<string, { type: 'text' | 'reasoning'; text: string }>()

  add(part: StreamPart): void {
    if (part.type === 'text-start' || part.type === 'reasoning-start') {
      const block = { type: part.type === 'text-start' ? ('text' as const) : ('reasoning' as const), text: '' }
      this.#texts.set(`${block.type} ${part.id}`, block)
      this.content.push(block)
    } else if (part.type === 'text-delta' || part.type === 'reasoning-delta') {
      const block = this.#texts.get(`${part.type === 'text-delta' ? 'text' : 'reasoning'} ${part.id}`)
      if (block !== undefined) block.text += part.delta
    } else if (part.type === 'tool-call' || part.type === 'file' || part.type === 'source' || part.type === 'tool-result')
      this.content.push(part)
  }
}
