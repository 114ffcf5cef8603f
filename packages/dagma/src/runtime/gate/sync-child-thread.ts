/** The thread in which synchronous children run: see `sync-child-gate.ts`. Of this package it imports nothing. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { type MessagePort, workerData } from 'node:worker_threads'

/** A request to the thread: to start a child, or to read on once its output was taken. */
export type ChildRequest =
  | {
      readonly type: 'start'
      readonly child: number
      readonly command: string
      readonly args: readonly string[]
      /** The arguments of `spawn`. */
      readonly options: Pick<SpawnOptions, 'env' | 'argv0' | 'uid' | 'gid' | 'shell' | 'windowsHide' | 'windowsVerbatimArguments'> & {
        readonly stdio: readonly (string | number)[]
        readonly cwd?: string
      }
      /** Entries whose output is handed on as it comes; that of other pipes is collected. */
      readonly carried: readonly number[]
      readonly input?: string | NodeJS.ArrayBufferView
      /** Milliseconds. */
      readonly timeout?: number
      readonly killSignal?: NodeJS.Signals | number
      /** Bytes that a collected pipe may give. */
      readonly maxBuffer: number
    }
  | { readonly type: 'taken'; readonly child: number; readonly index: number }

/** A message from the thread. */
export type ChildReport =
  | { readonly type: 'printed'; readonly child: number; readonly index: number; readonly chunk: Uint8Array }
  | ChildAnswer
  | { readonly type: 'closed'; readonly child: number }

/** How a child ended, as `spawnSync` gives it. */
export interface ChildAnswer {
  readonly type: 'ended'
  readonly child: number
  readonly pid: number
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: readonly (Uint8Array | null)[] | null
  readonly error?: ChildError
  /** The error that `spawn` threw for its arguments. */
  readonly thrown?: ChildError
}

interface ChildError {
  readonly message: string
  readonly code?: string | undefined
  readonly errno?: number | undefined
  readonly syscall?: string | undefined
  readonly path?: string | undefined
  readonly spawnargs?: readonly string[] | undefined
}

const { port, sent } = workerData as { port: MessagePort; sent: Int32Array }
const paused = new Map<string, Readable>()

port.on('message', (request: ChildRequest) => {
  if (request.type === 'start') return start(request)
  const key = `${request.child} ${request.index}`
  paused.get(key)?.resume()
  paused.delete(key)
})

function send(report: ChildReport): void {
  port.postMessage(report)
  Atomics.add(sent, 0, 1)
  Atomics.notify(sent, 0)
}

type Start = Extract<ChildRequest, { type: 'start' }>

function start(request: Start): void {
  const { child: number, command, args, options, killSignal } = request
  let child: ChildProcess
  try {
    child = spawn(command, args, { ...options, stdio: [...options.stdio] as NonNullable<SpawnOptions['stdio']> })
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    send({ type: 'ended', child: number, pid: 0, status: null, signal: null, output: null, thrown: { message, code } })
    return
  }
  const { spawnargs } = child
  const syscall = `spawnSync ${child.spawnfile}`
  let error: ChildError | undefined
  const stop = (code: string, errno: number): void => {
    error ??= { message: `${syscall} ${code}`, code, errno, syscall, path: child.spawnfile, spawnargs: spawnargs.slice(1) }
    child.kill(killSignal)
  }
  const timer = request.timeout ? setTimeout(stop, request.timeout, 'ETIMEDOUT', -110) : undefined
  child.stdin?.on('error', () => {}) // it did not want to read all
  child.stdin?.end(request.input)
  const collected = new Map<number, Uint8Array[]>()
  const ends = child.stdio.slice(1).map((stream, at) => {
    const index = at + 1
    if (stream === null || stream === undefined) return Promise.resolve()
    if (request.carried.includes(index)) return carry(child, stream as Readable, number, index)
    const chunks: Uint8Array[] = []
    collected.set(index, chunks)
    return collect(stream as Readable, chunks, request.maxBuffer, () => stop('ENOBUFS', -105))
  })
  const exited = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('exit', (status, signal) => resolve([status, signal]))
    child.once('error', (failure: NodeJS.ErrnoException) => {
      const { code, errno } = failure
      error ??= { message: `${syscall} ${code}`, code, errno, syscall, path: child.spawnfile, spawnargs: spawnargs.slice(1) }
      if (child.pid === undefined) resolve([null, null])
    })
  })
  void Promise.all([exited, ...ends]).then(([[status, signal]]) => {
    clearTimeout(timer)
    const isStarted = child.pid !== undefined
    const output = options.stdio.map((_, index) => (collected.has(index) ? Buffer.concat(collected.get(index) ?? []) : null))
    const how = {
      pid: child.pid ?? 0,
      status: error === undefined || signal === null ? status : null,
      signal,
      output: isStarted ? output : null,
    }
    send({ type: 'ended', child: number, ...how, ...(error && { error }) })
  })
  child.once('close', () => send({ type: 'closed', child: number }))
}

/** Hands on what comes, a piece at a time. Resolves at its end, or when all was read that the child wrote: what it has left running may continue. */
function carry(child: ChildProcess, stream: Readable, number: number, index: number): Promise<void> {
  return new Promise((resolve) => {
    let isQuiet = false
    stream.on('data', (chunk: Buffer) => {
      isQuiet = false
      stream.pause()
      paused.set(`${number} ${index}`, stream)
      send({ type: 'printed', child: number, index, chunk })
    })
    stream.on('close', resolve)
    const whenQuiet = (): void => {
      if (isQuiet && !stream.isPaused()) return resolve()
      isQuiet = true
      setTimeout(whenQuiet, 10)
    }
    child.once('exit', () => setImmediate(whenQuiet))
    if (child.pid === undefined) resolve()
  })
}

function collect(stream: Readable, chunks: Uint8Array[], maxBuffer: number, stop: () => void): Promise<void> {
  return new Promise((resolve) => {
    let length = 0
    stream.on('data', (chunk: Buffer) => {
      length += chunk.length
      chunks.push(chunk)
      if (length <= maxBuffer) return
      stop()
      stream.destroy()
    })
    stream.on('close', resolve)
  })
}
