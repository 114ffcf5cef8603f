import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DagmaError } from '../errors.ts'
import type { Clock } from '../runtime/clock.ts'
import { gateError } from '../runtime/gate/exit-gate.ts'
import type { EventLog } from './event-log.ts'
import type { EventBody, RunEvent, RunStart, RunStatus } from './events.ts'

/** Characters of log lines that may wait: a step that logs without a pause gives no other moment to write them. */
const mostWaiting = 65_536

/** How long an event may wait for others to share its transaction, in milliseconds. */
const patienceMs = 20

/** The dependencies of the recorder. */
export interface RecorderOptions {
  readonly eventLog: EventLog
  readonly runId: string
  readonly clock: Pick<Clock, 'now'>
  /** Called with each event after it was recorded. Its failure is kept, and the run continues. */
  readonly onEvent: ((event: RunEvent) => void) | undefined
}

/** Records a run from start to end: its events in order, many in one transaction, with times that never go back. */
export class Recorder {
  readonly #options: RecorderOptions
  /** Steps that have started and not ended. */
  readonly #openSteps = new Set<string>()
  #pending: EventBody[] = []
  #waiting = 0
  #times: number[] = []
  #latest = 0
  #flushing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #listenerFailure: { readonly error: unknown } | undefined

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  /** Records that the run starts. */
  async startRun(start: RunStart): Promise<void> {
    const { eventLog } = this.#options
    this.#show(await eventLog.whenFree(() => eventLog.startRun(start, this.#now())))
  }

  /** Records events that nobody waits for: they become durable with those that somebody does, or soon. */
  note(...bodies: readonly EventBody[]): void {
    this.#add(bodies)
    this.#timer ??= setTimeout(() => void this.record().catch(() => undefined), patienceMs)
    for (const body of bodies) if (body.type === 'LOG') this.#waiting += body.message.length
    if (this.#waiting < mostWaiting) return
    try {
      this.#options.eventLog.withoutWaiting(() => this.#flush())
    } catch {
      this.#waiting = 0 // they wait on; who waits for an event fails
    }
  }

  /** Resolves when these events, and all before them, are durable. Those of one turn of the event loop share a transaction. */
  record(...bodies: readonly EventBody[]): Promise<void> {
    this.#add(bodies)
    this.#flushing ??= this.#flushSoon()
    return this.#flushing
  }

  async #flushSoon(): Promise<void> {
    await nextTurn()
    try {
      await this.#options.eventLog.whenFree(() => this.#flush())
    } catch (error) {
      this.#flushing = undefined
      throw error
    }
  }

  /** Makes everything that was recorded durable now. */
  #flush(): void {
    if (this.#pending.length > 0) {
      const events = this.#options.eventLog.append(this.#options.runId, this.#pending, this.#times)
      this.#pending = []
      this.#times = []
      this.#waiting = 0
      this.#show(events)
    }
    this.#flushing = undefined
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Records the run's end. `message` says why it failed. */
  async endRun(status: Exclude<RunStatus, 'STARTED'>, message: string): Promise<void> {
    const { eventLog, runId } = this.#options
    await this.record()
    this.#show(await eventLog.whenFree(() => eventLog.endRun(runId, status, message, this.#now())))
  }

  /** Names of the steps that have started and not ended. */
  openSteps(): string[] {
    return [...this.#openSteps]
  }

  /** Records, while the process ends, that this ended the run and the steps that ran, as far as that can still be written. */
  endWithProcess(status: 'FAILURE' | 'CANCELED', error: DagmaError): void {
    const { eventLog, runId } = this.#options
    const wire = gateError(error)
    const open = this.openSteps()
    this.#add(open.map((step) => ({ type: 'STEP_FAILURE', step, error: wire, metadata: {} })))
    try {
      this.#flush()
      this.#show(eventLog.endRun(runId, status, wire.message, this.#now()))
    } catch {
      this.abortRun()
    }
    if (this.#options.onEvent === undefined || open.length === 0) process.stderr.write(`error: ${wire.message}\n`)
  }

  /** Records that an internal error aborted the run, as far as that can still be written. */
  abortRun(): void {
    clearTimeout(this.#timer)
    this.#show(this.#options.eventLog.abortRun(this.#options.runId))
  }

  /** Throws the first error of the listener. */
  throwIfListenerFailed(): void {
    if (this.#listenerFailure !== undefined) throw this.#listenerFailure.error
  }

  /** Shows recorded events to the listener. One that is asynchronous is not waited for. */
  #show(events: readonly RunEvent[]): void {
    const fail = (error: unknown): void => {
      this.#listenerFailure ??= { error }
    }
    for (const event of events) {
      try {
        const promise: unknown = this.#options.onEvent?.(event)
        if (promise instanceof Promise) promise.catch(fail) // a promise for each event would fill the memory while a step logs without a pause
      } catch (error) {
        fail(error)
      }
    }
  }

  #add(bodies: readonly EventBody[]): void {
    const now = this.#now()
    for (const body of bodies) {
      if (body.type === 'STEP_START') this.#openSteps.add(body.step)
      else if (body.type === 'STEP_SUCCESS' || body.type === 'STEP_FAILURE') this.#openSteps.delete(body.step)
      this.#pending.push(body)
      this.#times.push(now)
    }
  }

  /** The time in milliseconds; not before that of an earlier event, though the machine's clock may have been set back. */
  #now(): number {
    this.#latest = Math.max(this.#latest, this.#options.clock.now().getTime())
    return this.#latest
  }
}
