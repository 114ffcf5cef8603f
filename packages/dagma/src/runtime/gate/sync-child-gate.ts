/**
 * Synchronous children that would inherit stdout or stderr run in their own thread, which hands on what they print while this one waits: so
 * their lines appear as they come, and no more of them is kept than the reader needs.
 */
import childProcess, { type ExecSyncOptions, type SpawnSyncOptions, type SpawnSyncReturns } from 'node:child_process'
import workerThreads, { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads'
import { ownModule } from '../../own-files.ts'
import { descriptorOf, inheritedEntries, withPipes } from './child-stdio.ts'
import { GatedWriter } from './gated-output.ts'
import type { ChildAnswer, ChildReport, ChildRequest } from './sync-child-thread.ts'

type Returns = SpawnSyncReturns<Buffer | string>

/** Replaces the three functions of Node's module. `isGated`: whether now. */
export function gateSynchronousChildren(isGated: () => boolean): void {
  const { spawnSync, execFileSync, execSync } = childProcess
  const isInheriting = (options: { stdio?: unknown } | undefined): boolean => isGated() && inheritedEntries(options?.stdio).length > 0
  const split = (rest: readonly unknown[]): { args: string[]; options: SpawnSyncOptions | undefined } => ({
    args: Array.isArray(rest[0]) ? rest[0] : [],
    options: (Array.isArray(rest[0]) || rest[0] === undefined || rest[0] === null ? rest[1] : rest[0]) as SpawnSyncOptions | undefined,
  })
  Object.assign(childProcess, {
    spawnSync: (command: string, ...rest: unknown[]): Returns => {
      const { args, options } = split(rest)
      return options !== undefined && isInheriting(options)
        ? spawnGated(command, args, options)
        : spawnSync(command, ...(rest as [string[]]))
    },
    execFileSync: (file: string, ...rest: unknown[]) => {
      const { args, options } = split(rest)
      if (options === undefined || !isInheriting(options)) return execFileSync(file, ...(rest as [string[]]))
      return outputOf(spawnGated(file, args, options), [file, ...args].join(' '))
    },
    execSync: (command: string, options?: ExecSyncOptions) => {
      if (options === undefined || !isInheriting(options)) return execSync(command, options)
      return outputOf(spawnGated(command, [], { ...options, shell: options.shell ?? true }), command)
    },
  })
}

/** The result or the error of `execFileSync` and `execSync`. */
function outputOf(result: Returns, command: string): Buffer | string {
  if (result.error) throw Object.assign(result.error, result)
  if (result.status !== 0) {
    const stderr = result.stderr?.toString() ?? ''
    throw Object.assign(new Error(`Command failed: ${command}${stderr === '' ? '' : `\n${stderr}`}`), result)
  }
  return result.stdout
}

interface Thread {
  readonly port: MessagePort
  /** Counts what the thread has sent: this thread sleeps on it. */
  readonly sent: Int32Array
}

const { Worker: PlainWorker } = workerThreads // before its class is replaced
let thread: Thread | undefined
/** Of the children whose pipes are not at their end, by number: what they have left running may continue writing. */
const writers = new Map<number, ReadonlyMap<number, GatedWriter>>()
let children = 0

function spawnGated(command: string, args: readonly string[], options: SpawnSyncOptions): Returns {
  const inherited = inheritedEntries(options.stdio)
  const child = ++children
  writers.set(child, new Map(inherited.map(({ index, descriptor }) => [index, new GatedWriter(descriptor)])))
  const { cwd, env = process.env, input, encoding, argv0, uid, gid, timeout, killSignal, maxBuffer, shell } = options
  const request: ChildRequest = {
    type: 'start',
    child,
    command,
    args: args.map(String),
    options: {
      stdio: withPipes(options.stdio, inherited).map(
        (entry, index) => descriptorOf(entry, index) ?? String(entry ?? (index < 3 ? 'pipe' : 'ignore')),
      ),
      env: { ...env },
      ...definedOf({ cwd: cwd?.toString(), argv0, uid, gid, shell }),
      windowsHide: options.windowsHide === true,
      windowsVerbatimArguments: options.windowsVerbatimArguments === true,
    },
    carried: inherited.map(({ index }) => index),
    ...definedOf({ input: typeof input === 'string' ? Buffer.from(input, textEncoding(encoding) ?? 'utf8') : input, timeout, killSignal }),
    maxBuffer: maxBuffer ?? 1024 * 1024,
  }
  const { thrown, error, pid, status, signal, output } = answerTo(request)
  if (thrown !== undefined) throw Object.assign(new TypeError(thrown.message), thrown)
  const text = textEncoding(encoding)
  const outputs =
    output?.map((bytes) => (bytes === null ? null : text === undefined ? Buffer.from(bytes) : Buffer.from(bytes).toString(text))) ?? null
  const result = { pid, output: outputs, stdout: outputs?.[1], stderr: outputs?.[2], status, signal }
  return { ...result, ...(error && { error: Object.assign(new Error(error.message), error) }) } as Returns
}

/** Waits for a child, and writes meanwhile what it prints. */
function answerTo(request: ChildRequest): ChildAnswer {
  thread ??= startThread()
  const { port, sent } = thread
  port.postMessage(request)
  for (;;) {
    const seen = Atomics.load(sent, 0)
    const report: ChildReport | undefined = receiveMessageOnPort(port)?.message
    if (report === undefined) Atomics.wait(sent, 0, seen)
    else if (report.type === 'ended' && report.child === request.child) return report
    else take(report, port)
  }
}

function take(report: ChildReport, port: MessagePort): void {
  const byIndex = writers.get(report.child)
  if (report.type === 'printed') {
    byIndex?.get(report.index)?.write(report.chunk)
    port.postMessage({ type: 'taken', child: report.child, index: report.index } satisfies ChildRequest)
  } else if (report.type === 'closed') {
    for (const writer of byIndex?.values() ?? []) writer.end()
    writers.delete(report.child)
  }
}

function startThread(): Thread {
  const { port1: port, port2 } = new MessageChannel()
  const sent = new Int32Array(new SharedArrayBuffer(4))
  const file = ownModule('runtime/gate/sync-child-thread')
  const worker: Worker = new PlainWorker(file, { workerData: { port: port2, sent }, transferList: [port2], execArgv: [], stdin: false })
  worker.unref()
  port.on('message', (report: ChildReport) => take(report, port)) // of what children have left running
  port.unref()
  return { port, sent }
}

function textEncoding(encoding: string | null | undefined): BufferEncoding | undefined {
  return encoding && Buffer.isEncoding(encoding) ? encoding : undefined
}

function definedOf<Given extends object>(given: Given): { [Key in keyof Given]?: Exclude<Given[Key], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never
}
