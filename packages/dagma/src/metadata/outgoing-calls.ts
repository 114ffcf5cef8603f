import type { ObservedOperation, OperationEnd, TracedContent } from './operations.ts'
import { sharedStorage } from './shared-storage.ts'

/** An outgoing call to another system that is about to be made. It has passed the exit gate. */
export interface OutgoingCall {
  /** Name of the system, for example `Qdrant`. */
  readonly system: string
  /** The operation, for example `create run`: one of a few constant texts. */
  readonly operation: string
  readonly method: string
  /** Without query and user info. */
  readonly url: string
  /** The database that is called, if it is one. */
  readonly database: Database | undefined
}

/** A database, as OpenTelemetry's `db.*` attributes name it. */
export interface Database {
  /** For example `qdrant`. */
  readonly system: string
  readonly collection?: string
}

/** How an outgoing call ended. It has passed the exit gate. */
export interface CallEnd {
  readonly status: 'success' | 'failure'
  /** HTTP status, when there was an answer. */
  readonly httpStatus: number | undefined
  /** How often it was sent again. */
  readonly resent: number
  /** The error, in one line; undefined if there was none. */
  readonly error: string | undefined
}

/** Follows one outgoing call. */
export interface CallObserver {
  /** Sent along with the call, such as `traceparent`. */
  readonly headers: Readonly<Record<string, string>>
  readonly end: (end: CallEnd) => void
}

/** Is notified of outgoing calls, and of work with models. */
export interface CallTracker {
  readonly startCall: (call: OutgoingCall) => CallObserver
  /** Begins to follow an operation of `traceOperation`. Absent: operations are not followed, only the calls in them. */
  readonly startOperation?: (operation: ObservedOperation) => OperationObserver
}

/** Follows one operation, and the calls that are made in it. */
export interface OperationObserver extends CallTracker {
  /** Undefined: no text at all. */
  readonly content: TracedContent | undefined
  readonly end: (end: OperationEnd) => void
}

const trackers = sharedStorage<CallTracker>('dagma.outgoing-calls')

/** Runs `work`; `tracker` is notified of the outgoing calls that it makes. */
export const trackCalls = trackers.run

/** The tracker of the calls that are made here, if any. */
export const callTracker = trackers.current
