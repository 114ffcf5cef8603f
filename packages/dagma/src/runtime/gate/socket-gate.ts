/** A socket or terminal that somebody reopens over descriptor 1 or 2 is gated where everything that a socket writes passes. */
import { Socket } from 'node:net'
import { WriteStream } from 'node:tty'
import type { Descriptor, GatedWriter, Writers } from './gated-output.ts'

/** A piece of what a stream writes. */
export interface Chunk {
  readonly chunk: string | Uint8Array
  readonly encoding: unknown
}

type Done = () => void
type WriteGeneric = (this: Socket, ...write: readonly [several: boolean, data: unknown, encoding: unknown, done: Done]) => void

let writers: Writers | undefined
let isReplaced = false

/** Gates such sockets until the function that is returned is called. Node's class is changed once. */
export function gateSockets(to: Writers): () => void {
  writers = to
  if (!isReplaced) replaceWrite()
  isReplaced = true
  return () => {
    writers = undefined
  }
}

function replaceWrite(): void {
  const prototype = Socket.prototype as unknown as { _writeGeneric: WriteGeneric }
  const { _writeGeneric: write } = prototype
  prototype._writeGeneric = function (several, data, encoding, done) {
    const descriptor = writers === undefined ? undefined : descriptorOf(this)
    const writer = descriptor === undefined ? undefined : writers?.[descriptor]
    if (writer === undefined || (data instanceof Uint8Array && carriesReports(this))) return write.call(this, several, data, encoding, done)
    takeChunks(writer, chunksOf(several, data, encoding), done)
  }
}

/** In a process that `node --test` started, Node reports each test in bytes on stdout; what is printed is text. */
export function carriesReports(stream: Socket): boolean {
  return stream === process.stdout && process.env.NODE_TEST_CONTEXT === 'child-v8'
}

/** The arguments of a socket's `_writeGeneric`. */
export function chunksOf(several: boolean, data: unknown, encoding: unknown): readonly Chunk[] {
  return several ? (data as Chunk[]) : [{ chunk: data as string | Uint8Array, encoding }]
}

/** Writes pieces, and calls `done` when there is room for more. */
export function takeChunks(writer: GatedWriter, chunks: readonly Chunk[], done: Done): void {
  let isRoom = true
  for (const { chunk, encoding } of chunks) isRoom = writer.write(chunk, encoding)
  if (isRoom) done()
  else writer.whenRoom(done)
}

/** A terminal has its own descriptor, whichever it was opened by; the user sees it as stdout or stderr. */
function descriptorOf(socket: Socket): Descriptor | undefined {
  if (socket instanceof WriteStream) return process.stdout.isTTY ? 1 : 2
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: unknown } | null }
  return handle?.fd === 1 || handle?.fd === 2 ? handle.fd : undefined
}
