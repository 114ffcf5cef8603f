import type { Clock } from '../runtime/clock.ts'
import type { EventLog } from './event-log.ts'
import type { EventBody, RunEvent, RunStart, RunStatus } from './events.ts'

/** How long an event may wait for others to share its transaction, in milliseconds. */
const patienceMs = 20

/** What a run is recorded with. */
export interface RecorderOptions {
  readonly eventLog: EventLog
  readonly runId: string
  readonly clock: Pick<Clock, 'now'>
  /** Called with each event after it was recorded. Its failure is kept, and the run goes on. */
  readonly onEvent: ((event: RunEvent) => void) | undefined
}

/** Records a run from start to end: its events in order, many in one transaction, with times that never go back. */
export class Recorder {
  readonly #options: RecorderOptions
  #pending: EventBody[] = []
  #times: number[] = []
  #latest = 0
  #flushing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #listenerFailure: { readonly error: unknown } | undefined

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  /** Records that the run starts. */
  startRun(start: RunStart): void {
    this.#show(this.#options.eventLog.startRun(start, this.#now()))
  }

  /** Records events that nobody waits for: they become durable with those that somebody does, or soon. */
  note(...bodies: readonly EventBody[]): void {
    this.#add(bodies)
    this.#timer ??= setTimeout(() => void this.record().catch(() => undefined), patienceMs)
  }

  /** Resolves when these events, and all before them, are durable. Those of one turn of the event loop share a transaction. */
  record(...bodies: readonly EventBody[]): Promise<void> {
    this.#add(bodies)
    this.#flushing ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        try {
          this.flush()
          resolve()
        } catch (error) {
          reject(error)
        }
      })
    })
    return this.#flushing
  }

  /** Makes all that was recorded durable now. */
  flush(): void {
    this.#flushing = undefined
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#pending.length === 0) return
    const events = this.#options.eventLog.append(this.#options.runId, this.#pending, this.#times)
    this.#pending = []
    this.#times = []
    this.#show(events)
  }

  /** Records the run's end. `message` says why it failed. */
  endRun(status: Exclude<RunStatus, 'STARTED'>, message: string): void {
    this.flush()
    this.#show(this.#options.eventLog.endRun(this.#options.runId, status, message, this.#now()))
  }

  /** Records that an internal error aborted the run, as far as that can still be written. */
  abortRun(): void {
    clearTimeout(this.#timer)
    this.#show(this.#options.eventLog.breakOff(this.#options.runId))
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
        Promise.resolve(this.#options.onEvent?.(event)).catch(fail)
      } catch (error) {
        fail(error)
      }
    }
  }

  #add(bodies: readonly EventBody[]): void {
    const now = this.#now()
    for (const body of bodies) {
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
