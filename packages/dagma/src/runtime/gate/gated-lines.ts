import { longestSecret } from '../../metadata/redaction/secret-values.ts'
import { gateText } from './exit-gate.ts'

/** Characters that an encoder may make of one character of a secret, encoded twice. */
const longestForm = 16
/** Room for what is secret by its shape, such as a token or a private key. */
const longestShape = 8192

/**
 * The output of one writer, gated line by line: a secret in a line must not arrive in two parts. A line that is too long to be kept is written in pieces,
 * cut where no secret is.
 */
export class GatedLines {
  readonly #decoder = new TextDecoder()
  #unfinished = ''

  /** The lines that `chunk` ends, ready to leave; takes what the `write` of a stream takes. */
  take(chunk: string | Uint8Array, encoding?: unknown): string {
    const text = typeof chunk === 'string' && isUtf8(encoding) ? chunk : this.#decoder.decode(bytesOf(chunk, encoding), { stream: true })
    const end = text.lastIndexOf('\n') + 1
    const whole = end === 0 ? '' : this.#unfinished + text.slice(0, end)
    this.#unfinished = end === 0 ? this.#unfinished + text : text.slice(end)
    return (whole === '' ? '' : gateText(whole)) + this.#cut()
  }

  /** The line that was not ended, ready to leave. */
  rest(): string {
    const rest = this.#unfinished
    this.#unfinished = ''
    return rest === '' ? '' : gateText(rest)
  }

  /** The beginning of a line that is too long, once it is. What stays is long enough to hold every secret that is not written whole yet. */
  #cut(): string {
    const text = this.#unfinished
    if (text.length < 16 * longestShape) return ''
    const overlap = Math.max(longestShape, longestForm * longestSecret())
    if (text.length < 16 * overlap) return ''
    const gated = gateText(text)
    for (let at = text.length - overlap; at > overlap; at -= Math.ceil(overlap / 8)) {
      const head = gateText(text.slice(0, at))
      if (head + gateText(text.slice(at)) !== gated) continue // something secret is there
      this.#unfinished = text.slice(at)
      return head
    }
    this.#unfinished = ''
    return gated // one thing, longer than any secret
  }
}

function isUtf8(encoding: unknown): boolean {
  return typeof encoding !== 'string' || /^utf-?8$/i.test(encoding)
}

function bytesOf(chunk: string | Uint8Array, encoding: unknown): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : chunk
}
