import type { Database } from '../metadata/outgoing-calls.ts'
import type { Secret } from '../metadata/redaction/secret.ts'

/** How calls to a service are authenticated. Secrets are revealed only when a call is made, and only into its header. */
export type HttpAuth =
  | { readonly bearer: Secret }
  | { readonly user: string | Secret; readonly password: Secret }
  | { readonly header: string; readonly value: Secret }

/** A service that speaks JSON over HTTP, as `httpService` takes it. */
export interface HttpServiceOptions {
  /** Name of the system in errors, for example `MLflow`. */
  readonly system: string
  /** Root of its API: http or https, without user info; its own path is kept. */
  readonly baseUrl: string
  /** The source of the root, for errors: the name of a variable or setting. */
  readonly baseUrlSetting: string
  /** Default: no credentials are sent. */
  readonly auth?: HttpAuth
  /** The source of the credentials, for errors: the names of variables or settings. */
  readonly authSetting: string
  /** Sent with each call. For what is not secret. */
  readonly headers?: Readonly<Record<string, string>>
  /** How long one attempt may wait for the answer to begin, and then for it to end, in milliseconds. Default 30,000; at most 300,000. */
  readonly timeoutMs?: number
  /** How often a failed call is retried. Default 2. */
  readonly retries?: number
  /** First wait before a call is retried, doubled each time, in milliseconds. Default 300. The server's own `Retry-After` comes first, up to 30 s. */
  readonly retryDelayMs?: number
  /** Aborts every call. */
  readonly signal?: AbortSignal
  /** Hints of this system for some statuses, in place of the general ones. */
  readonly hints?: Readonly<Record<number, string>>
  /** Finds the system's own error code in a failed answer. Only text of capitals and underscores gets into the error. */
  readonly errorCode?: (answer: unknown) => unknown
  /** The database, if the system is one: its calls are traced as such. */
  readonly database?: Database
}

/** One call to an {@link HttpService}. */
export interface HttpCall<T = unknown> {
  /** The operation, in two or three words, for errors: `create run`. */
  readonly operation: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the root. Parts that come from data must be encoded by the caller. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** Body, sent as JSON. */
  readonly json?: unknown
  /** Body, sent as it is with `contentType`, in place of `json`. */
  readonly body?: { readonly content: string | Uint8Array<ArrayBuffer>; readonly contentType: string }
  /**
   * Whether doing it twice is the same as doing it once: only then it is retried after 500, 502, 503, 504 or a lost connection. Default: all but
   * POST and PATCH.
   */
  readonly idempotent?: boolean
  /** Default: that of the service. */
  readonly timeoutMs?: number
  /** Aborts this call. */
  readonly signal?: AbortSignal
  /** Turns a failure that is expected into a result; undefined leaves it the error that it is. `answer` is the JSON of the answer, if it was JSON. */
  readonly expected?: (failure: { readonly status: number; readonly answer: unknown }) => T | undefined
}

/** Calls one service; made by `httpService`. */
export interface HttpService {
  /**
   * Makes the call and gives the JSON that it was answered with.
   * @throws ServiceError for every failure; the signal's reason when a signal aborted the call.
   */
  readonly json: <T>(call: HttpCall<T>) => Promise<T>
  /** Makes a call whose answer does not matter: any of the 2xx statuses will do. Throws as `json` does. */
  readonly send: (call: HttpCall<void>) => Promise<void>
  /** Makes the call and checks that a page (HTML) answers. Throws as `json` does. */
  readonly page: (call: HttpCall<void>) => Promise<void>
  /** Makes the call and gives the bytes that it was answered with, whatever their type. Throws as `json` does. */
  readonly bytes: (call: HttpCall<Uint8Array<ArrayBuffer>>) => Promise<Uint8Array<ArrayBuffer>>
}
