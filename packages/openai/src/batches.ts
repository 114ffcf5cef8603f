/** Texts of one call, with the place of the first among all. */
export interface Batch {
  readonly start: number
  readonly texts: readonly string[]
}

/** Cuts texts into calls, in order. A text that is larger than the limit by itself gets a call of its own. */
export function* batches(texts: readonly string[], limits: { readonly texts: number; readonly bytes: number }): Generator<Batch> {
  let start = 0
  let bytes = 0
  for (const [index, text] of texts.entries()) {
    const size = Buffer.byteLength(text)
    if (index > start && (index - start >= limits.texts || bytes + size > limits.bytes)) {
      yield { start, texts: texts.slice(start, index) }
      start = index
      bytes = 0
    }
    bytes += size
  }
  if (start < texts.length) yield { start, texts: texts.slice(start) }
}
