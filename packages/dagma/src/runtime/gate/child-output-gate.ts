/**
 * Children of this process that would inherit its stdout and stderr get pipes instead, whose content goes through `process.stdout.write` and
 * `process.stderr.write`, and so through the exit gate. A descriptor that is inherited cannot be watched in any other way from inside.
 */
import childProcess, { ChildProcess, type ExecSyncOptions, type SpawnSyncOptions, type SpawnSyncReturns } from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'

/** The two streams by their descriptor. */
const streams = { 1: process.stdout, 2: process.stderr } as const
type Descriptor = keyof typeof streams
const descriptors: readonly Descriptor[] = [1, 2]

/** One entry of a `stdio` option, or the option itself. */
type Stdio = unknown

interface Spawning {
  stdio?: Stdio
}

/** Gates what children write from now on. Node's own module is changed, for imports of it too; call it once, at the start of a process. */
export function gateChildOutput(): void {
  gateAsynchronous()
  gateSynchronous()
  syncBuiltinESMExports()
}

/** Every asynchronous child (`spawn`, `exec`, `fork` …) comes by this method, which Node documents only as a class. */
function gateAsynchronous(): void {
  const prototype = ChildProcess.prototype as unknown as { spawn: (this: ChildProcess, options: Spawning) => unknown }
  const { spawn } = prototype
  prototype.spawn = function (options) {
    const stdio = entries(options.stdio)
    const gated = descriptors.filter((descriptor) => inherits(stdio[descriptor], descriptor))
    const result = spawn.call(this, gated.length === 0 ? options : { ...options, stdio: piped(stdio, gated) })
    for (const descriptor of gated) {
      this.stdio[descriptor]?.on('data', (chunk: Buffer) => streams[descriptor].write(chunk))
      Object.assign(this, descriptor === 1 ? { stdout: null } : { stderr: null }) // as when it is inherited
    }
    return result
  }
}

/** Synchronous children give their output when they have ended; then it is written. */
function gateSynchronous(): void {
  const { spawnSync } = childProcess
  const gatedSpawnSync = (command: string, ...rest: unknown[]): SpawnSyncReturns<Buffer | string> => {
    const args = Array.isArray(rest[0]) ? (rest[0] as string[]) : []
    const options = ((Array.isArray(rest[0]) ? rest[1] : rest[0]) ?? {}) as SpawnSyncOptions
    const stdio = entries(options.stdio)
    const gated = descriptors.filter((descriptor) => inherits(stdio[descriptor], descriptor))
    if (gated.length === 0) return spawnSync(command, args, options)
    const result = spawnSync(command, args, {
      maxBuffer: Number.POSITIVE_INFINITY,
      ...options,
      stdio: piped(stdio, gated) as SpawnSyncOptions['stdio'] & {},
    })
    for (const descriptor of gated) {
      const output = result.output?.[descriptor]
      if (output) streams[descriptor].write(output)
      if (result.output) result.output[descriptor] = null
      Object.assign(result, descriptor === 1 ? { stdout: null } : { stderr: null })
    }
    return result
  }
  const { execFileSync, execSync } = childProcess
  const inheriting = (options: Pick<SpawnSyncOptions, 'stdio'> | undefined): boolean => {
    const stdio = entries(options?.stdio)
    return descriptors.some((descriptor) => inherits(stdio[descriptor], descriptor))
  }
  Object.assign(childProcess, {
    spawnSync: gatedSpawnSync,
    execFileSync: (file: string, ...rest: unknown[]) => {
      const options = (Array.isArray(rest[0]) ? rest[1] : rest[0]) as SpawnSyncOptions | undefined
      if (!inheriting(options)) return execFileSync(file, ...(rest as [string[]]))
      return outputOf(gatedSpawnSync(file, Array.isArray(rest[0]) ? rest[0] : [], options), file)
    },
    execSync: (command: string, options?: ExecSyncOptions) => {
      if (!inheriting(options)) return execSync(command, options)
      return outputOf(gatedSpawnSync(command, [], { ...options, shell: options?.shell ?? true }), command)
    },
  })
}

/** What `execFileSync` and `execSync` give, or throw. */
function outputOf(result: SpawnSyncReturns<Buffer | string>, command: string): Buffer | string {
  if (result.error) throw Object.assign(result.error, result)
  if (result.status !== 0) throw Object.assign(new Error(`Command failed: ${command}`), result)
  return result.stdout
}

/** The `stdio` option as a list. */
function entries(stdio: Stdio): Stdio[] {
  if (Array.isArray(stdio)) return [...stdio]
  return stdio === undefined || stdio === null ? ['pipe', 'pipe', 'pipe'] : [stdio, stdio, stdio]
}

function piped(stdio: readonly Stdio[], gated: readonly Descriptor[]): Stdio[] {
  return stdio.map((entry, index) => (gated.includes(index as Descriptor) ? 'pipe' : entry))
}

/** Whether a child would write to this process's own stream. One that gets the other of the two counts as well. */
function inherits(entry: Stdio, descriptor: Descriptor): boolean {
  return entry === 'inherit' || entry === descriptor || entry === streams[descriptor]
}
