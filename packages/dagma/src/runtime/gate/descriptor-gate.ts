/** Passes writes of `fs` functions to descriptor 1 or 2, as fast loggers make them, through the exit gate. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import type { GatedWriter, Writers } from './gated-output.ts'

type Callback = (error: Error | null, written?: number, data?: unknown) => void

/** Where the replaced functions write; undefined while nothing is gated. */
let writers: Writers | undefined
let isReplaced = false

/**
 * Gates what `fs` writes to stdout and stderr, until the function that is returned is called. Node's own module is changed, once and for imports of
 * it too.
 */
export function gateDescriptors(to: Writers): () => void {
  writers = to
  if (!isReplaced) replaceAll()
  isReplaced = true
  return () => {
    writers = undefined
  }
}

function replaceAll(): void {
  const { write, writeSync, writev, writevSync, writeFileSync } = fs
  const synchronous = (data: unknown, writer: GatedWriter, place: readonly unknown[]): number => {
    const bytes = bytesOf(data, place)
    writer.write(bytes)
    return bytes.length
  }
  const asynchronous = (data: unknown, writer: GatedWriter, rest: readonly unknown[]): void => {
    const length = synchronous(data, writer, rest)
    const done = rest.at(-1) as Callback
    writer.whenRoom(() => process.nextTick(done, null, length, data))
  }
  replace('write', write, asynchronous)
  replace('writev', writev, asynchronous)
  replace('writeSync', writeSync, synchronous)
  replace('writevSync', writevSync, synchronous)
  replace('writeFileSync', writeFileSync, (data, writer, [options]) => void synchronous(data, writer, [0, encodingOf(options)]))
  syncBuiltinESMExports()
}

/** Puts `gated` in the place of a function of `fs` for the two descriptors, and leaves it as it is for all others. */
function replace(
  name: keyof typeof fs,
  original: (...args: never[]) => unknown,
  gated: (data: unknown, writer: GatedWriter, rest: readonly unknown[]) => unknown,
): void {
  const replacement = (...args: unknown[]): unknown => {
    const [descriptor, data, ...rest] = args
    const writer = descriptor === 1 || descriptor === 2 ? writers?.[descriptor] : undefined
    return writer === undefined || !isData(data) ? original(...(args as never[])) : gated(data, writer, rest)
  }
  // The symbol that `util.promisify` reads is copied too.
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original))
  Object.assign(fs, { [name]: replacement })
}

/** Anything else is refused by Node, in its own words. */
function isData(data: unknown): boolean {
  return typeof data === 'string' || ArrayBuffer.isView(data) || (Array.isArray(data) && data.every(ArrayBuffer.isView))
}

/** The bytes that `fs` would write: `place` holds offset and length, as such or in an object, or position and encoding of a text. */
function bytesOf(data: unknown, place: readonly unknown[]): Buffer {
  if (typeof data === 'string') return Buffer.from(data, encodingOf(place[1]))
  if (Array.isArray(data)) return Buffer.concat(data.map((part) => bytesOf(part, [])))
  const { buffer, byteOffset, byteLength } = data as NodeJS.ArrayBufferView
  const given = typeof place[0] === 'object' && place[0] !== null ? place[0] : { offset: place[0], length: place[1] }
  const { offset, length } = given as { offset?: unknown; length?: unknown }
  const start = typeof offset === 'number' ? offset : 0
  // A copy: the caller may use its memory again once all is reported as written.
  return Buffer.from(new Uint8Array(buffer, byteOffset + start, typeof length === 'number' ? length : byteLength - start))
}

function encodingOf(options: unknown): BufferEncoding {
  const { encoding = options } = typeof options === 'object' && options !== null ? (options as { encoding?: unknown }) : {}
  return typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8'
}
