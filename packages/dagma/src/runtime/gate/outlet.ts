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
/** Characters that are written as one piece when the reader is behind. */
const piece = 32_768
/** How long an exiting process waits for a reader that takes nothing, in milliseconds. */
const patienceAtExit = 2_000

const { writeSync } = fs // before it is gated
const clock = new Int32Array(new SharedArrayBuffer(4))

/**
 * Writes to a descriptor of this process. Node's own stream would keep all that a loop without a pause writes; a descriptor that blocks would stop
 * the whole process for a reader that pauses. So this tries at once, tries again later where the reader is behind, and waits only when much waits.
 */
export class DescriptorOutlet implements Outlet {
  readonly #descriptor: number
  #waiting: Buffer[] = []
  /** What comes after that, not yet bytes: many small lines are one piece. */
  #tail = ''
  #bytes = 0
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

  /** What waits, and what is written from now on, goes nowhere: the descriptor may soon be another file's. */
  close(): void {
    this.#isClosed = true
    this.#drop()
    this.flush()
  }

  write(text: string): boolean {
    if (this.#isClosed) return true
    this.#tail += text
    this.#bytes += Buffer.byteLength(text)
    if (this.#tail.length > piece) this.#pushTail()
    if (this.#retry === undefined) this.#send()
    if (this.#bytes > mostWaiting || this.#exiting) this.flush()
    return this.#bytes <= roomy
  }

  whenRoom(callback: () => void): void {
    if (this.#bytes <= roomy) callback()
    else this.#onRoom.push(callback)
  }

  whenEmpty(callback: () => void): void {
    if (this.#bytes === 0) callback()
    else this.#onEmpty.push(callback)
  }

  flush(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    for (let waited = 0; this.#bytes > 0; ) {
      const before = this.#bytes
      this.#writeWhatFits()
      if (this.#bytes === before) {
        Atomics.wait(clock, 0, 0, 5)
        waited += 5
      } else waited = 0
      if (this.#exiting && waited >= patienceAtExit) this.#drop()
      this.#callBack()
    }
  }

  #send(): void {
    const before = this.#bytes
    this.#writeWhatFits()
    this.#delay = this.#bytes < before ? 1 : Math.min(2 * this.#delay, 50)
    if (this.#bytes > 0)
      this.#retry = setTimeout(() => {
        this.#retry = undefined
        this.#send()
      }, this.#delay)
    this.#callBack()
  }

  #writeWhatFits(): void {
    for (;;) {
      if (this.#waiting.length === 0 && this.#tail !== '') this.#pushTail()
      const [head] = this.#waiting
      if (head === undefined) break
      try {
        const written = writeSync(this.#descriptor, head)
        this.#bytes -= written
        if (written < head.length) this.#waiting[0] = head.subarray(written)
        else this.#waiting.shift()
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EINTR') continue
        if (code !== 'EAGAIN') this.#drop() // nobody reads any more, as after `| head`, or the disk is full: the work goes on
        return
      }
    }
    this.#bytes = 0
  }

  #pushTail(): void {
    this.#waiting.push(Buffer.from(this.#tail))
    this.#tail = ''
  }

  #drop(): void {
    this.#waiting = []
    this.#tail = ''
    this.#bytes = 0
  }

  #callBack(): void {
    if (this.#bytes <= roomy) for (const callback of this.#onRoom.splice(0)) callback()
    if (this.#bytes === 0) for (const callback of this.#onEmpty.splice(0)) callback()
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
