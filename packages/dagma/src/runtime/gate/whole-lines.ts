/** What is written to a stream, in whole lines: a secret in a line must not come in two parts. */
export class WholeLines {
  readonly #decoder = new TextDecoder()
  #unfinished = ''

  /** The lines that `chunk` ends; takes what the `write` of a stream takes. */
  take(chunk: string | Uint8Array, encoding?: unknown): string {
    const text = typeof chunk === 'string' && isUtf8(encoding) ? chunk : this.#decoder.decode(bytesOf(chunk, encoding), { stream: true })
    const end = text.lastIndexOf('\n') + 1
    const whole = end === 0 ? '' : this.#unfinished + text.slice(0, end)
    this.#unfinished = end === 0 ? this.#unfinished + text : text.slice(end)
    return whole
  }

  /** The line that was not ended. */
  rest(): string {
    const rest = this.#unfinished
    this.#unfinished = ''
    return rest
  }
}

function isUtf8(encoding: unknown): boolean {
  return typeof encoding !== 'string' || /^utf-?8$/i.test(encoding)
}

function bytesOf(chunk: string | Uint8Array, encoding: unknown): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : chunk
}
