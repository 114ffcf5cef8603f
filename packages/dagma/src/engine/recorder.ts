import type { EventLog } from './event-log.ts'
import type { EventBody, RunEvent } from './events.ts'

/** Records a run's events in order, those of one turn of the event loop in one transaction. */
export class Recorder {
  readonly #eventLog: EventLog
  readonly #runId: string
  readonly #onEvent: ((event: RunEvent) => void) | undefined
  #pending: EventBody[] = []
  #flushing: Promise<void> | undefined
  #listenerFailure: { readonly error: unknown } | undefined

  constructor(eventLog: EventLog, runId: string, onEvent: ((event: RunEvent) => void) | undefined) {
    this.#eventLog = eventLog
    this.#runId = runId
    this.#onEvent = onEvent
  }

  /** Resolves when the events are durable. */
  record(...bodies: readonly EventBody[]): Promise<void> {
    this.#pending.push(...bodies)
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
    const bodies = this.#pending
    this.#pending = []
    this.#flushing = undefined
    if (bodies.length > 0) this.tell(this.#eventLog.append(this.#runId, bodies))
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
}
