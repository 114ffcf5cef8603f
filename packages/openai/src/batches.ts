/** How texts are cut into requests. */
export interface Limits {
  /** Most texts in one request. Default 256; endpoints take up to 2,048. */
  readonly batchTexts: number
  /** Most bytes of text in one request, in UTF-8. Default 262,144. A text that is longer by itself gets a request of its own. */
  readonly batchBytes: number
  /** How many requests are at work at once. Default 4. */
  readonly concurrency: number
}

const standard: Limits = { batchTexts: 256, batchBytes: 256 * 1024, concurrency: 4 }

/** The limits that settings ask for. @throws RangeError for one that is no whole number from 1. */
export function checkedLimits(settings: Partial<Limits>): Limits {
  const limit = (name: keyof Limits): number => {
    const value = settings[name] ?? standard[name]
    if (Number.isInteger(value) && value > 0) return value
    throw new RangeError(`Embeddings: ${name} is no whole number from 1. Set it to one, or leave it out.`)
  }
  return { batchTexts: limit('batchTexts'), batchBytes: limit('batchBytes'), concurrency: limit('concurrency') }
}

/** Texts that go in one request. */
export interface Batch {
  /** Place of the first of them among all. */
  readonly start: number
  readonly texts: readonly string[]
}

/** Cuts texts into requests, in order. */
export function* batches(
  texts: readonly string[],
  { batchTexts, batchBytes }: Pick<Limits, 'batchTexts' | 'batchBytes'>,
): Generator<Batch> {
  let start = 0
  let bytes = 0
  for (const [index, text] of texts.entries()) {
    const size = Buffer.byteLength(text)
    if (index > start && (index - start >= batchTexts || bytes + size > batchBytes)) {
      yield { start, texts: texts.slice(start, index) }
      start = index
      bytes = 0
    }
    bytes += size
  }
  if (start < texts.length) yield { start, texts: texts.slice(start) }
}
