import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { encodeParam } from '../../packages/dagma/src/dagster/pipes/protocol.ts'
import { pipesContext } from '../../packages/dagma/src/test/pipes-context.ts'
import { stepExtras } from '../../packages/dagma/src/test/step-extras.ts'
import { cleanEnvironment, repository } from './repository.ts'

/** A Dagster run as a worker sees it: its end of the channel, one step after the other. */
export class WorkerRun implements Disposable {
  readonly #child: ChildProcess
  readonly #channel: Socket
  readonly #lines: AsyncIterator<string>
  /** Everything that came out of the worker. */
  printed = ''

  constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [join(repository, 'packages/dagma/bin/dagma.js'), 'worker'], {
      cwd: folder,
      env: cleanEnvironment({ ...env, DAGMA_WORKER_FD: '3' }),
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.printed += text
      })
    this.#channel = this.#child.stdio[3] as Socket
    this.#lines = createInterface({ input: this.#channel })[Symbol.asyncIterator]()
  }

  /** Runs a step to its end, and gives the methods of its messages. */
  async step(name: string, runId: string, jobName: string, retryNumber = 0): Promise<string[]> {
    const extras = { dagma: stepExtras({ step_name: name, selected: [name] }) }
    const data = pipesContext({ asset_keys: [name], run_id: runId, job_name: jobName, retry_number: retryNumber, extras })
    const params = { DAGSTER_PIPES_CONTEXT: encodeParam({ data }), DAGSTER_PIPES_MESSAGES: encodeParam({}) }
    this.#channel.write(`${JSON.stringify({ type: 'run_step', step: name, params })}\n`)
    const methods: string[] = []
    while (methods.at(-1) !== 'closed') {
      const { value, done } = await this.#lines.next()
      if (done) throw new Error(`The worker ended early.\n${this.printed}`)
      this.printed += `${value}\n`
      const message = JSON.parse(value) as { type: string; message?: { method: string } }
      if (message.type === 'pipes') methods.push(message.message?.method ?? '')
    }
    return methods
  }

  /** The run is over; gives the worker's exit code. */
  async end(): Promise<number | null> {
    this.#channel.end()
    if (this.#child.exitCode === null) await once(this.#child, 'close')
    return this.#child.exitCode
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}
