import { record } from 'dagma/author'
import type { EmbeddingsUsage } from './client.ts'

/** The vectors of one call, in the order of its texts. */
export interface Answer {
  readonly vectors: readonly (readonly number[])[]
  readonly usage: EmbeddingsUsage | undefined
}

/**
 * Reads an endpoint's answer to `count` texts. Vectors stand where their `index` says, whatever their order in the answer; without indexes they stand
 * in the order of the texts. A vector is a list of numbers, or the base64 of 32-bit floats, which some servers give whatever they are asked for.
 * @returns the vectors, or in a few words what is wrong with the answer, with nothing of it but numbers
 */
export function readAnswer(answer: unknown, count: number): Answer | { readonly wrong: string; readonly fix?: string } {
  const { data, usage } = record(answer)
  if (!Array.isArray(data)) return { wrong: 'the answer has no list of vectors' }
  if (data.length !== count) return { wrong: `the answer has ${data.length} vectors for ${count} texts` }
  const items = data.map(record)
  const places = placesOf(items.map(({ index }) => index))
  if (places === undefined)
    return {
      wrong: 'the answer does not say of each vector which text it belongs to',
      fix: 'Set batchTexts to 1, so that a call has one text.',
    }
  const vectors = new Array<readonly number[]>(count)
  for (const [at, { embedding }] of items.entries()) {
    const vector = typeof embedding === 'string' ? decoded(embedding) : embedding
    if (!isVector(vector)) return { wrong: 'a vector of the answer is not a list of numbers' }
    vectors[places[at] ?? at] = vector
  }
  const odd = vectors.find(({ length }) => length !== vectors[0]?.length)
  if (odd) return { wrong: `the answer has vectors of ${vectors[0]?.length} and of ${odd.length} numbers` }
  return { vectors, usage: usageOf(usage) }
}

/**
 * Which text each vector belongs to. Without any index the order says it. One index alone may be missing: it is 0, which JSON made of protobuf leaves
 * out. Undefined when two vectors belong to one text, or one to none.
 */
function placesOf(indexes: readonly unknown[]): readonly number[] | undefined {
  if (indexes.every((index) => index === undefined || index === null)) return indexes.map((_, at) => at)
  const places = indexes.map(placeOf)
  const known = places.every((place) => Number.isSafeInteger(place) && place >= 0)
  return known && new Set(places).size === places.length && places.every((place) => place < places.length) ? places : undefined
}

/** The place that an index names; NaN for what is not one. */
function placeOf(index: unknown): number {
  if (index === undefined || index === null) return 0
  return typeof index === 'number' || (typeof index === 'string' && /^\d+$/.test(index)) ? Number(index) : Number.NaN
}

/** The 32-bit floats, little-endian, that a text holds as base64. Undefined when it does not. */
function decoded(text: string): number[] | undefined {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length % 4 !== 0 || bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) return undefined
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4))
}

function isVector(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every(Number.isFinite)
}

function usageOf(usage: unknown): EmbeddingsUsage | undefined {
  const { prompt_tokens: prompt, total_tokens: total = prompt } = record(usage)
  return isCount(prompt) && isCount(total) ? { promptTokens: prompt, totalTokens: total } : undefined
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
