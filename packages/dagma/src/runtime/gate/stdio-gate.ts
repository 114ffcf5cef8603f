import { format } from 'node:util'
import { gateChildOutput } from './child-output-gate.ts'
import { gateDescriptors } from './descriptor-gate.ts'
import { type Descriptor, flushWriters, GatedWriter, outletOf, showStatus, streamOf } from './gated-output.ts'
import { type Chunk, carriesReports, chunksOf, gateSockets, takeChunks } from './socket-gate.ts'
import { gateWorkerThreads } from './worker-thread-gate.ts'

const descriptors: readonly Descriptor[] = [1, 2]
/** How many hold the gate. */
let holders = 0
let isPrepared = false

/**
 * Sends what this process prints, its children and its worker threads too, to stdout and stderr through the exit gate, line by line: a line is
 * written when it is whole, when the process exits, or when the gate is released. Gives the function that releases it; those who hold it at the same
 * time share it.
 */
export function holdGate(): () => void {
  if (holders++ === 0) closeGate()
  let isHeld = true
  return () => {
    if (!isHeld) return
    isHeld = false
    if (--holders === 0) openGate()
  }
}

/** Restores the streams. */
const restorers: (() => void)[] = []

function closeGate(): void {
  const own = { 1: new GatedWriter(1), 2: new GatedWriter(2) }
  for (const descriptor of descriptors) restorers.push(gateStream(streamOf(descriptor), descriptor, own[descriptor]))
  restorers.push(
    gateDescriptors(own),
    () => own[1].end(),
    () => own[2].end(),
  )
  restorers.push(gateSockets(own), gateChildOutput(), gateWorkerThreads(), gateRawDebug(own[2]))
  if (isPrepared) return
  isPrepared = true
  process.on('exit', () => {
    showStatus('')
    flushWriters()
  })
}

function openGate(): void {
  flushWriters()
  for (const descriptor of descriptors) outletOf(descriptor).flush()
  for (const restore of restorers.splice(0)) restore()
}

/** `process._rawDebug` prints to stderr past all streams. */
function gateRawDebug(writer: GatedWriter): () => void {
  const before = Object.getOwnPropertyDescriptor(process, '_rawDebug')
  if (before === undefined) return () => {}
  const value = (...args: unknown[]): void => void writer.write(`${format(...args)}\n`)
  Object.defineProperty(process, '_rawDebug', { ...before, value })
  return () => Object.defineProperty(process, '_rawDebug', before)
}

/**
 * Bytes that a stream may keep for a writer that does not wait: as many as fit into a pipe. Each piece of them is an object that outlives a collection
 * or two.
 */
const mostKept = 65_536

/**
 * Gates a stream at its lowest level, the methods that everything written to a stream of Node passes; gives what undoes it. The stream itself is
 * never ended: the process prints on after `end()`.
 */
function gateStream(stream: NodeJS.WriteStream, descriptor: Descriptor, writer: GatedWriter): () => void {
  const outlet = outletOf(descriptor)
  const { write, _write: writeAsItIs } = stream
  /** Bytes that the outlet has, but the stream still counts as its own. */
  let handedOver = 0
  const take = (chunks: readonly Chunk[], done: () => void): void => {
    handedOver = chunks.reduce((sum, { chunk }) => sum + chunk.length, 0)
    takeChunks(writer, chunks, () => {
      handedOver = 0
      done()
    })
  }
  let settle: (() => void) | undefined
  let willSettle = false
  /**
   * Of several chunks that are taken at once, the stream hears at the next write, or the next tick: otherwise it would keep them all for a tick that
   * does not come while a loop prints without a pause.
   */
  const takeSeveral = (chunks: readonly Chunk[], done: () => void): void => {
    let isAtOnce = true
    take(chunks, () => {
      if (!isAtOnce) return done()
      settle = done
      if (willSettle) return
      willSettle = true
      process.nextTick(() => {
        willSettle = false
        settled()
      })
    })
    isAtOnce = false
  }
  const settled = (): void => {
    const done = settle
    settle = undefined
    done?.()
  }
  const gated = {
    _write: (chunk: string | Uint8Array, encoding: unknown, done: () => void) => take([{ chunk, encoding }], done),
    _writev: takeSeveral,
    /** By this the methods of a socket's prototype write, which someone may call past the two above. */
    _writeGeneric: (several: boolean, data: unknown, encoding: unknown, done: () => void) => take(chunksOf(several, data, encoding), done),
    _final: (done: () => void) => {
      writer.flush()
      outlet.whenEmpty(done)
    },
    write: (...args: Parameters<typeof write>) => {
      settled()
      const fits = write.apply(stream, args)
      if (stream.writableLength - handedOver > mostKept) outlet.flush()
      return fits
    },
  }
  /** Reports leave as they are, one by one; text is gated. */
  const besideReports = {
    _write: (chunk: string | Uint8Array, encoding: BufferEncoding, done: () => void) => {
      if (typeof chunk === 'string') return take([{ chunk, encoding }], done)
      outlet.flush()
      writeAsItIs.call(stream, chunk, encoding, done)
    },
    _writev: null,
    _final: gated._final,
    write: gated.write,
  }
  const ignore = (): void => {} // such as a write after end()
  stream.on('error', ignore)
  const before = Object.entries(carriesReports(stream) ? besideReports : gated).map(([name, value]) => {
    const property = Object.getOwnPropertyDescriptor(stream, name)
    Object.defineProperty(stream, name, { value, writable: true, configurable: true })
    return [name, value, property] as const
  })
  return () => {
    stream.off('error', ignore)
    for (const [name, value, property] of before) {
      if (Object.getOwnPropertyDescriptor(stream, name)?.value !== value) continue // somebody has put his own over it
      if (property === undefined) Reflect.deleteProperty(stream, name)
      else Object.defineProperty(stream, name, property)
    }
  }
}
