/** The ways out of this thread: what is written leaves in order, and no more is kept in memory than a slow reader needs. */
import fs from 'node:fs'
import type { Writable } from 'node:stream'
import { setTimeout } from 'node:timers' // not one that a test has put in its place

/** Where gated text leaves. */
export interface Outlet {
  /** Writes. False when so much waits for the reader that a writer should wait too, until {@link Outlet.whenRoom}. */
  write(text: string): boolean
  /** Calls back when little waits for the reader. */
  whenRoom(callback: () => void): void
  /** Calls back when nothing waits for the reader. */
  whenEmpty(callback: () => void): void
  /** Waits, with the whole thread, until the reader has taken all, or has gone. */
  flush(): void
}

/** Bytes that may wait before writers are asked to wait. */
const roomy = 262_144
/** Bytes that may wait at all: then the thread itself waits for the reader. */
const mostWaiting = 4_194_304
/** How long an exiting process waits for a reader that takes nothing, in milliseconds. */
const patienceAtExit = 2_000

const { writeSync } = fs // before it is gated
const clock = new Int32Array(new SharedArrayBuffer(4))

/** Bytes that the memory for waiting bytes has room for when little waits. */
const leastRoom = 65_536

/** Bytes that wait, in memory that is used again: its own piece for each line would be garbage that only a full collection removes. */
class ByteQueue {
  #bytes = Buffer.allocUnsafeSlow(leastRoom)
  #start = 0
  #end = 0

  get length(): number {
    return this.#end - this.#start
  }

  push(text: string): void {
    const needed = this.length + Buffer.byteLength(text)
    if (this.#start + needed > this.#bytes.length) this.#makeRoom(needed)
    this.#end += this.#bytes.write(text, this.#end)
  }

  /** Takes away as many of the first bytes as `use` says that it has used. */
  take(use: (bytes: Buffer, offset: number, length: number) => number): void {
    this.#start += use(this.#bytes, this.#start, this.length)
    if (this.#start === this.#end) this.clear()
  }

  clear(): void {
    this.#start = 0
    this.#end = 0
    if (this.#bytes.length > 3 * mostWaiting) this.#bytes = Buffer.allocUnsafeSlow(leastRoom)
  }

  #makeRoom(needed: number): void {
    const old = this.#bytes
    if (4 * needed > 3 * old.length) this.#bytes = Buffer.allocUnsafeSlow(2 * needed)
    old.copy(this.#bytes, 0, this.#start, this.#end)
    this.#end -= this.#start
    this.#start = 0
  }
}

/**
 * Writes to a descriptor of this process. Node's own stream would keep everything that a loop without a pause writes; a descriptor that blocks would stop
 * the whole process for a reader that pauses. So this tries at once, tries again later where the reader is behind, and waits only when much waits.
 */
export class DescriptorOutlet implements Outlet {
  readonly #descriptor: number
  readonly #waiting = new ByteQueue()
  #retry: ReturnType<typeof setTimeout> | undefined
  #delay = 1
  #exiting = false
  #isClosed = false
  #onRoom: (() => void)[] = []
  #onEmpty: (() => void)[] = []

  constructor(descriptor: number) {
    this.#descriptor = descriptor
    process.on('exit', () => {
      this.#exiting = true
      this.flush()
    })
  }

  /** Discards pending and further output: the descriptor may soon belong to another file. */
  close(): void {
    this.#isClosed = true
    this.#waiting.clear()
    this.flush()
  }

  write(text: string): boolean {
    if (this.#isClosed) return true
    this.#waiting.push(text)
    if (this.#retry === undefined) this.#send()
    if (this.#waiting.length > mostWaiting || this.#exiting) this.flush()
    return this.#waiting.length <= roomy
  }

  whenRoom(callback: () => void): void {
    if (this.#waiting.length <= roomy) callback()
    else this.#onRoom.push(callback)
  }

  whenEmpty(callback: () => void): void {
    if (this.#waiting.length === 0) callback()
    else this.#onEmpty.push(callback)
  }

  flush(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    for (let waited = 0; this.#waiting.length > 0; ) {
      const before = this.#waiting.length
      this.#writeWhatFits()
      if (this.#waiting.length === before) {
        Atomics.wait(clock, 0, 0, 5)
        waited += 5
      } else waited = 0
      if (this.#exiting && waited >= patienceAtExit) this.#waiting.clear()
      this.#callBack()
    }
  }

  #send(): void {
    const before = this.#waiting.length
    this.#writeWhatFits()
    this.#delay = this.#waiting.length < before ? 1 : Math.min(2 * this.#delay, 50)
    if (this.#waiting.length > 0)
      this.#retry = setTimeout(() => {
        this.#retry = undefined
        this.#send()
      }, this.#delay)
    this.#callBack()
  }

  #writeWhatFits(): void {
    const waiting = this.#waiting
    while (waiting.length > 0) {
      try {
        waiting.take((bytes, offset, length) => writeSync(this.#descriptor, bytes, offset, length))
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EINTR') continue
        if (code !== 'EAGAIN') waiting.clear() // nobody reads any more, as after `| head`, or the disk is full: the work continues
        return
      }
    }
  }

  #callBack(): void {
    if (this.#waiting.length <= roomy) for (const callback of this.#onRoom.splice(0)) callback()
    if (this.#waiting.length === 0) for (const callback of this.#onEmpty.splice(0)) callback()
  }
}

/** Writes to a stream of a worker thread, which leads to the main thread; one text at a time, as Node does: it loses count of others. */
export class ThreadOutlet implements Outlet {
  readonly #send: (text: string, done: () => void) => void
  #waiting = ''
  #isSending = false
  #onRoom: (() => void)[] = []
  #onEmpty: (() => void)[] = []

  constructor(stream: Writable) {
    const { _writev: send } = stream // before it is gated
    this.#send = (text, done) => send?.call(stream, [{ chunk: text, encoding: 'utf8' }], done)
    process.on('exit', () => {
      this.#isSending = false
      this.#sendWaiting()
    })
  }

  write(text: string): boolean {
    this.#waiting += text
    this.#sendWaiting()
    return this.#waiting.length <= roomy
  }

  whenRoom(callback: () => void): void {
    if (this.#waiting.length <= roomy) callback()
    else this.#onRoom.push(callback)
  }

  whenEmpty(callback: () => void): void {
    if (!this.#isSending) callback()
    else this.#onEmpty.push(callback)
  }

  flush(): void {} // the main thread takes it when it can

  #sendWaiting(): void {
    const text = this.#waiting
    if (text === '' || this.#isSending) return
    this.#waiting = ''
    this.#isSending = true
    this.#send(text, () => {
      this.#isSending = false
      this.#sendWaiting()
      if (this.#waiting.length <= roomy) for (const callback of this.#onRoom.splice(0)) callback()
      if (!this.#isSending) for (const callback of this.#onEmpty.splice(0)) callback()
    })
  }
}
