import type { QdrantSparseVector } from './wire.ts'

/** How {@link keywordVector} weights words. */
export interface KeywordVectorOptions {
  /** A stored text, whose words count by BM25, or a question, whose words all count 1. Default `document`. */
  readonly purpose?: 'document' | 'query'
  /** Words of a text of the collection, on average: longer texts count less for the same words. Default 256. */
  readonly averageLength?: number
}

/** The parameters of BM25, at their usual values: how soon repeating a word stops to count, and how much the length of a text matters. */
const [saturation, lengthWeight] = [1.2, 0.75]

/** Made at the first use: it loads the data of languages, which takes longer than the rest of this package. */
let segmenter: Intl.Segmenter | undefined

/**
 * A sparse vector of the words of a text, for keyword search: with `modifier: 'idf'` on the collection's sparse vectors, its scores are BM25's. A word is
 * compared without regard to case; there is no stemming. The same text always gives the same vector, which is empty when the text has no words.
 * @example
 * ```ts
 * const stored = keywordVector('Assets are materialized; an asset has upstream assets.')
 * const asked = keywordVector('upstream assets', { purpose: 'query' })
 * ```
 */
export function keywordVector(text: string, { purpose = 'document', averageLength = 256 }: KeywordVectorOptions = {}): QdrantSparseVector {
  segmenter ??= new Intl.Segmenter('und', { granularity: 'word' })
  const counts = new Map<number, number>()
  let length = 0
  for (const { segment, isWordLike } of segmenter.segment(text.normalize('NFKC').toLowerCase())) {
    if (!isWordLike) continue
    length += 1
    const index = indexOf(segment)
    counts.set(index, (counts.get(index) ?? 0) + 1)
  }
  const bound = saturation * (1 - lengthWeight + (lengthWeight * length) / averageLength)
  const weight = (count: number) => (purpose === 'query' ? 1 : (count * (saturation + 1)) / (count + bound))
  return { indices: [...counts.keys()], values: [...counts.values()].map(weight) }
}

/** The index of a word: the FNV-1a hash of its UTF-8 bytes, 32 bits. It never changes, or what is stored would not be found. */
function indexOf(word: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(word)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
