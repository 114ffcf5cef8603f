/** All output of this thread as it passes through the gate: writers, the two outlets, and the status line below them. */
import { styleText } from 'node:util'
import { isMainThread } from 'node:worker_threads'
import { gateText } from './exit-gate.ts'
import { GatedLines } from './gated-lines.ts'
import { DescriptorOutlet, type Outlet, ThreadOutlet } from './outlet.ts'

/** stdout or stderr, by its descriptor. */
export type Descriptor = 1 | 2

/** Takes gated text that leaves by a descriptor. */
export type OutputListener = (descriptor: Descriptor, text: string) => void

/** The two streams by their descriptor. */
export const streamOf = (descriptor: Descriptor): NodeJS.WriteStream => (descriptor === 1 ? process.stdout : process.stderr)

const outlets = new Map<Descriptor, Outlet>()
const writers = new Set<GatedWriter>()
const listeners = new Set<OutputListener>()
let stdoutIsClaimed = false
let status = ''

/** The outlet behind a descriptor. Made before the stream is gated. */
export function outletOf(descriptor: Descriptor): Outlet {
  const known = outlets.get(descriptor)
  if (known !== undefined) return known
  const stream = streamOf(descriptor) // Node's own, which makes the descriptor non-blocking where it is a pipe
  const made = isMainThread ? new DescriptorOutlet(descriptor) : new ThreadOutlet(stream)
  outlets.set(descriptor, made)
  return made
}

/** One writer, such as this process itself or one stream of a child: its lines leave whole, never mixed with those of another. */
export class GatedWriter {
  readonly #descriptor: Descriptor
  readonly #isCommand: boolean
  readonly #lines = new GatedLines()

  /** `isCommand`: this is the command's own answer, which has stdout for itself once it is claimed. */
  constructor(descriptor: Descriptor, isCommand = false) {
    this.#descriptor = descriptor
    this.#isCommand = isCommand
    writers.add(this)
  }

  /** Takes what the `write` of a stream takes. False when the reader is behind: see {@link GatedWriter.whenRoom}. */
  write(chunk: string | Uint8Array, encoding?: unknown): boolean {
    return leave(this.#target, this.#lines.take(chunk, encoding))
  }

  /** Calls back when the reader has caught up. */
  whenRoom(callback: () => void): void {
    outletOf(this.#target).whenRoom(callback)
  }

  /** Writes the line that was not ended. */
  flush(): void {
    leave(this.#target, this.#lines.rest())
  }

  /** Writes the line that was not ended; this writer writes no more. */
  end(): void {
    this.flush()
    writers.delete(this)
  }

  get #target(): Descriptor {
    return stdoutIsClaimed && !this.#isCommand ? 2 : this.#descriptor
  }
}

/** A writer for each of the two descriptors. */
export type Writers = { readonly [descriptor in Descriptor]: GatedWriter }

function leave(descriptor: Descriptor, text: string): boolean {
  const outlet = outletOf(descriptor)
  if (text === '') return outlet.write('')
  for (const listener of listeners) listener(descriptor, text)
  if (status === '') return outlet.write(text)
  drawStatus('')
  const fits = outlet.write(text)
  drawStatus(status)
  return fits
}

/** Writes every line that was not ended. */
export function flushWriters(): void {
  for (const writer of writers) writer.flush()
}

/** Resolves when the readers of stdout and stderr have taken everything that was written. */
export async function outputTaken(): Promise<void> {
  for (const outlet of outlets.values()) await new Promise<void>((resolve) => outlet.whenEmpty(resolve))
}

/** Keeps stdout for the command's own answer: what anything else prints there goes to stderr from now on. */
export function claimStdout(): void {
  stdoutIsClaimed = true
}

/** Calls `listener` with everything that leaves, in whole lines, until the function that is returned is called. */
export function listenToOutput(listener: OutputListener): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/** Shows one line at the bottom of a terminal, below everything that is printed, in the place of the one before; nothing elsewhere. Empty text removes it. */
export function showStatus(text: string): void {
  if (!process.stderr.isTTY || text === status) return
  status = text
  drawStatus(text)
}

function drawStatus(text: string): void {
  const room = (process.stderr.columns || 80) - 1 // a terminal without a viewer may have no columns
  outletOf(2).write(`\r\x1b[K${text === '' ? '' : styleText('dim', gateText(text).slice(0, room))}`)
}
