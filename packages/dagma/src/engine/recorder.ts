import type { EventLog } from './event-log.ts'
import type { EventBody, RunEvent } from './events.ts'

/** How long an event may wait for others to share its transaction, in milliseconds. */
const patienceMs = 20

/** Records a run's events in order, many in one transaction. */
export class Recorder {
  readonly #eventLog: EventLog
  readonly #runId: string
  readonly #onEvent: ((event: RunEvent) => void) | undefined
  #pending: EventBody[] = []
  #times: number[] = []
  #flushing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #listenerFailure: { readonly error: unknown } | undefined

  constructor(eventLog: EventLog, runId: string, onEvent: ((event: RunEvent) => void) | undefined) {
    this.#eventLog = eventLog
    this.#runId = runId
    this.#onEvent = onEvent
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
    const events = this.#eventLog.append(this.#runId, this.#pending, this.#times)
    this.#pending = []
    this.#times = []
    this.tell(events)
  }

  /** Shows recorded events to who listens. */
  tell(events: readonly RunEvent[]): void {
    for (const event of events) {
      try {
        this.#onEvent?.(event)
      } catch (error) {
        this.#listenerFailure ??= { error }
      }
    }
  }

  /** Throws what a listener threw first. */
  throwIfListenerFailed(): void {
    if (this.#listenerFailure !== undefined) throw this.#listenerFailure.error
  }

  #add(bodies: readonly EventBody[]): void {
    const now = Date.now()
    for (const body of bodies) {
      this.#pending.push(body)
      this.#times.push(now)
    }
  }
}
