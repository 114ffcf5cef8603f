/**
 * Children of this process that would inherit its stdout or stderr get pipes instead, whose content goes through the exit gate. A descriptor that is
 * inherited cannot be watched in any other way from inside.
 */
import { ChildProcess } from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'
import type { Socket } from 'node:net'
import { inheritedEntries, withPipes } from './child-stdio.ts'
import { GatedWriter } from './gated-output.ts'
import { gateSynchronousChildren } from './sync-child-gate.ts'

let isGated = false
let isReplaced = false

/** Gates what children write that are started until the function that is returned is called. Node's own module is changed, once and for imports of it too. */
export function gateChildOutput(): () => void {
  isGated = true
  if (!isReplaced) {
    gateAsynchronousChildren()
    gateSynchronousChildren(() => isGated)
    syncBuiltinESMExports()
  }
  isReplaced = true
  return () => {
    isGated = false
  }
}

/** Methods of Node that are documented only in part. */
interface Spawning {
  spawn(this: ChildProcess, options: { stdio?: unknown }): unknown
}

/** Every asynchronous child (`spawn`, `exec`, `fork` …) passes this method, which Node documents only as a class. */
function gateAsynchronousChildren(): void {
  const prototype = ChildProcess.prototype as unknown as Spawning
  const { spawn } = prototype
  prototype.spawn = function (options) {
    const inherited = isGated ? inheritedEntries(options.stdio) : []
    if (inherited.length === 0) return spawn.call(this, options)
    const result = spawn.call(this, { ...options, stdio: withPipes(options.stdio, inherited) })
    const pipes: Socket[] = []
    for (const { index, descriptor } of inherited) {
      const pipe = this.stdio[index] as Socket | null | undefined
      if (pipe) pipes.push(pipe)
      if (pipe) carry(this, pipe, new GatedWriter(descriptor))
      // as when it is inherited
      Object.assign(this.stdio, { [index]: null })
      const name = (['stdin', 'stdout', 'stderr'] as const)[index]
      if (name !== undefined) Object.assign(this, { [name]: null })
    }
    followReferences(this, pipes)
    return result
  }
}

/** Carries what a child writes to the gate, no faster than its reader takes it. */
function carry(child: ChildProcess, pipe: Socket, writer: GatedWriter): void {
  let isQuiet = false
  pipe.on('data', (chunk: Buffer) => {
    isQuiet = false
    if (writer.write(chunk)) return
    pipe.pause()
    writer.whenRoom(() => pipe.resume())
  })
  pipe.on('end', () => writer.end())
  pipe.on('error', () => writer.end())
  const closeListeners = pipe.listeners('close') as (() => void)[] // by these the child learns that its output is complete
  /** Processes that a child has left running may hold the pipe open; the child's output is complete once everything that it wrote itself was read. */
  const whenQuiet = (): void => {
    if (pipe.closed) return
    if (isQuiet && !pipe.isPaused()) {
      pipe.unref()
      for (const listener of closeListeners) {
        pipe.off('close', listener)
        listener()
      }
      return
    }
    isQuiet = true
    setTimeout(whenQuiet, 10)
  }
  child.once('exit', () => setImmediate(whenQuiet))
}

/** A child that keeps this process alive no more is not kept by its pipes either. */
function followReferences(child: ChildProcess, pipes: readonly Socket[]): void {
  const { ref, unref } = child
  child.unref = () => {
    for (const pipe of pipes) pipe.unref()
    unref.call(child)
  }
  child.ref = () => {
    for (const pipe of pipes) pipe.ref()
    ref.call(child)
  }
}
