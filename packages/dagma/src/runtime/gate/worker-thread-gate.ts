/** Worker threads have their own modules, `fs` and `child_process` too: each is gated from its start, and what it prints is a writer of its own here. */
import { syncBuiltinESMExports } from 'node:module'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import workerThreads, { type WorkerOptions } from 'node:worker_threads'
import { ownModule } from '../../own-files.ts'
import { type Descriptor, GatedWriter } from './gated-output.ts'

let isGated = false
let isReplaced = false

/** Gates what worker threads print that are started until the function that is returned is called. */
export function gateWorkerThreads(): () => void {
  isGated = true
  if (!isReplaced) replaceWorker()
  isReplaced = true
  return () => {
    isGated = false
  }
}

function replaceWorker(): void {
  const { Worker: Plain } = workerThreads
  class GatedWorker extends Plain {
    constructor(file: string | URL, options: WorkerOptions = {}) {
      super(file, isGated ? { ...options, execArgv: [...(options.execArgv ?? inheritedArguments()), '--require', preload] } : options)
      if (!isGated) return
      if (!options.stdout) carry(this.stdout, 1)
      if (!options.stderr) carry(this.stderr, 2)
    }
  }
  Object.defineProperty(GatedWorker, 'name', { value: 'Worker' })
  Object.assign(workerThreads, { Worker: GatedWorker })
  syncBuiltinESMExports()
}

/** Gates `fs` and `child_process` of the thread. `--require` comes before any kind of entry; `--import` does not come before a text that is evaluated. */
const preload = fileURLToPath(ownModule('runtime/gate/in-worker-thread'))

/** Carries what a thread prints to the gate; Node would pipe it into this process's own stream, between what that writes. */
function carry(stream: Readable, descriptor: Descriptor): void {
  const writer = new GatedWriter(descriptor)
  stream.unpipe()
  stream.on('data', (chunk: string | Uint8Array) => {
    if (writer.write(chunk)) return
    stream.pause()
    writer.whenRoom(() => stream.resume())
  })
  stream.on('close', () => writer.end())
  stream.resume() // unpipe() has paused it
}

/**
 * Options of Node that change how modules are loaded. A thread would inherit all; given by name, others are refused, which hold for the whole process
 * anyway.
 */
const ofModules = /^(?:--(?:import|require|conditions|loader|experimental-loader|no-warnings|enable-source-maps)|-r|-C)(=|$)/

function inheritedArguments(): string[] {
  const { execArgv } = process
  return execArgv.filter((argument, at) => ofModules.test(argument) || takesValue(execArgv[at - 1]))
}

function takesValue(argument = ''): boolean {
  return ofModules.test(argument) && !argument.includes('=') && !/^--(?:no-|enable-)/.test(argument)
}
