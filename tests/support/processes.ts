import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { cleanEnvironment } from './repository.ts'

/** How a process is started. */
export interface StartOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** After this time the process and all it started are ended, which is a failure. Default 120,000 ms. */
  readonly withinMs?: number
}

/** A process that ended. */
export interface Finished {
  /** null when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Carried by a started process and by everything that it starts in turn, whatever group they are in. */
const markVariable = 'DAGMA_TEST_MARK'

/** A running process, with everything that it has printed. */
export class Running {
  readonly child: ChildProcess
  readonly #mark = randomUUID()
  readonly #command: string
  #stdout = ''
  #stderr = ''
  readonly ended: Promise<Finished>

  constructor(command: string, args: readonly string[], options: StartOptions) {
    this.#command = [command, ...args].join(' ')
    this.child = spawn(command, args, {
      cwd: options.cwd,
      env: cleanEnvironment({ ...options.env, [markVariable]: this.#mark }),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    this.ended = new Promise((resolve, reject) => {
      const atExit = (): void => this.kill()
      process.once('exit', atExit)
      this.child.once('error', reject)
      this.child.once('exit', () => process.off('exit', atExit))
      this.child.once('close', (code) => resolve({ code, stdout: this.#stdout, stderr: this.#stderr }))
    })
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Everything printed, for messages. */
  get printed(): string {
    return `$ ${this.#command}\n${this.#stdout}${this.#stderr}`
  }

  /** Waits until `condition` holds for what was printed, and gives what it gives. */
  async until<T>(condition: (self: this) => T | undefined | false | Promise<T | undefined | false>, withinMs = 90_000): Promise<T> {
    const deadline = Date.now() + withinMs
    for (;;) {
      const found = await condition(this)
      if (found !== undefined && found !== false) return found
      if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error(`It ended too early.\n${this.printed}`)
      if (Date.now() > deadline) throw new Error(`Waited ${withinMs} ms without success.\n${this.printed}`)
      await sleep(50)
    }
  }

  /** Living processes that this one has started, directly or not, and itself. Known on Linux only. */
  family(): { readonly pid: number; readonly command: string }[] {
    return markedProcesses(this.#mark)
  }

  /** Ends the process and everything that it started, at once. */
  kill(): void {
    for (const { pid } of this.family()) signal(pid, 'SIGKILL')
    if (this.child.pid !== undefined) signal(-this.child.pid, 'SIGKILL')
  }
}

/** Runs a process to its end. */
export async function run(command: string, args: readonly string[], options: StartOptions): Promise<Finished> {
  const running = new Running(command, args, options)
  const withinMs = options.withinMs ?? 120_000
  let late = false
  const timer = setTimeout(() => {
    late = true
    running.kill()
  }, withinMs)
  const finished = await running.ended.finally(() => clearTimeout(timer))
  if (late) throw new Error(`It did not end within ${withinMs} ms.\n${running.printed}`)
  return finished
}

/** Waits until nothing is left of a process and everything that it has started; gives what is left after that time. */
export async function whatIsLeft(running: Running, withinMs = 5_000): Promise<readonly { pid: number; command: string }[]> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const left = running.family()
    if (left.length === 0 || Date.now() > deadline) return left
    await sleep(100)
  }
}

/** Sends a signal; false when there is no such process any more. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

function markedProcesses(mark: string): { pid: number; command: string }[] {
  const pids = process.platform === 'linux' ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : []
  return pids.flatMap((pid) => {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`${markVariable}=${mark}`)) return []
      return [{ pid: Number(pid), command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() }]
    } catch {
      return [] // it ended meanwhile
    }
  })
}
