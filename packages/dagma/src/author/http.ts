import { checkedHttpUrl, deepLink } from '../metadata/links.ts'
import type { Database } from '../metadata/outgoing-calls.ts'
import type { Secret } from '../metadata/redaction/secret.ts'
import { ServiceError } from '../metadata/service-error.ts'
import {
  answerOf,
  bodyFailure,
  contentFailure,
  type Failure,
  hasCredentials,
  isTlsFailure,
  neverArrived,
  thrownFailure,
} from './http-failure.ts'
import { type Sending, watchedCall } from './watched-call.ts'

/** How a service is told who calls. Secrets are revealed only when a call is made, and only into its header. */
export type HttpAuth =
  | { readonly bearer: Secret }
  | { readonly user: string | Secret; readonly password: Secret }
  | { readonly header: string; readonly value: Secret }

/** A service that speaks JSON over HTTP, as {@link httpService} takes it. */
export interface HttpServiceOptions {
  /** Name of the system in errors, for example `MLflow`. */
  readonly system: string
  /** Root of its API: http or https, without user info; its own path is kept. */
  readonly baseUrl: string
  /** What sets the root, for errors: the name of a variable or setting. */
  readonly baseUrlSetting: string
  /** Default: no credentials are sent. */
  readonly auth?: HttpAuth
  /** What sets the credentials, for errors: the names of variables or settings. */
  readonly authSetting: string
  /** Sent with each call. For what is not secret. */
  readonly headers?: Readonly<Record<string, string>>
  /** How long one attempt may wait for the answer to begin, and then for it to end, in milliseconds. Default 30,000; at most 300,000. */
  readonly timeoutMs?: number
  /** How often a failed call is tried again. Default 2. */
  readonly retries?: number
  /** First wait before a call is tried again, doubled each time, in milliseconds. Default 300. The server's own `Retry-After` comes first, up to 30 s. */
  readonly retryDelayMs?: number
  /** Aborts every call. */
  readonly signal?: AbortSignal
  /** Cures of this system for some statuses, in place of the general ones. */
  readonly cures?: Readonly<Record<number, string>>
  /** Finds the system's own error code in a failed answer. Only text of capitals and underscores gets into the error. */
  readonly errorCode?: (answer: unknown) => unknown
  /** What the system is, when it is a database: its calls are traced as such. */
  readonly database?: Database
}

/** One call to an {@link HttpService}. */
export interface HttpCall<T = unknown> {
  /** What is tried, in two or three words, for errors: `create run`. */
  readonly operation: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the root. Parts that come from data must be encoded by the caller. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** Body, sent as JSON. */
  readonly json?: unknown
  /** Body, sent as it is with `contentType`, in place of `json`. */
  readonly body?: { readonly content: string | Uint8Array<ArrayBuffer>; readonly contentType: string }
  /** Whether doing it twice is the same as doing it once: only then it is tried again after 500, 502, 503, 504 or a lost connection. Default: all but POST and PATCH. */
  readonly idempotent?: boolean
  /** Default: that of the service. */
  readonly timeoutMs?: number
  /** Aborts this call. */
  readonly signal?: AbortSignal
  /** Turns a failure that is expected into a result; undefined leaves it the error that it is. `answer` is the JSON of the answer, if it was JSON. */
  readonly expected?: (failure: { readonly status: number; readonly answer: unknown }) => T | undefined
}

/** Calls one service; made by {@link httpService}. */
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

const longestWaitMs = 30_000
const longestTimeoutMs = 300_000

/**
 * A client for one system's JSON API. Every failure becomes one {@link ServiceError} with a cure, and no body, header or secret in it. The calls are
 * made by the library `ky` over Node's own fetch: it has the retries, `Retry-After` and time-outs that are easy to get wrong, and no
 * dependencies; it is loaded at the first call. Redirects are not followed, since a key would go with them.
 * @throws DAGMA_URL_INVALID when the root is no http or https URL, or has user info.
 */
export function httpService(options: HttpServiceOptions): HttpService {
  checkedHttpUrl(options.baseUrl, options.baseUrlSetting)
  const timeoutMs = options.timeoutMs ?? 30_000
  if (!(timeoutMs > 0 && timeoutMs <= longestTimeoutMs))
    throw new RangeError(`${options.system}: timeoutMs must be above 0 and at most ${longestTimeoutMs}, not ${timeoutMs}.`)
  const service = { ...options, timeoutMs }
  return {
    json: async <T>(call: HttpCall<T>) => (await watched(service, call, 'json')) as T,
    send: async (call) => void (await watched(service, call, 'nothing')),
    page: async (call) => void (await watched(service, call, 'page')),
    bytes: async (call) => (await watched(service, call, 'bytes')) as Uint8Array<ArrayBuffer>,
  }
}

type Service = HttpServiceOptions & { readonly timeoutMs: number }

type Wanted = 'json' | 'nothing' | 'page' | 'bytes'

function watched<T>(service: Service, call: HttpCall<T>, wanted: Wanted): Promise<unknown> {
  const { system, database } = service
  const { operation, method } = call
  const url = deepLink(service.baseUrl, call.path)
  return watchedCall(
    () => ({ system, operation, method, url, database }),
    (sending) => attempt(service, call, url, wanted, sending),
  )
}

async function attempt<T>(service: Service, call: HttpCall<T>, url: string, wanted: Wanted, sending: Sending): Promise<unknown> {
  const callers = [service.signal, call.signal].filter((signal) => signal !== undefined)
  const timeoutMs = call.timeoutMs ?? service.timeoutMs
  const refuse = (failure: Failure): never => {
    for (const { aborted, reason } of callers) if (aborted) throw reason
    throw new ServiceError({ system: service.system, operation: call.operation, method: call.method, url, ...failure })
  }
  for (const signal of callers) signal.throwIfAborted()
  const sent = await request(service, call, url, AbortSignal.any(callers), sending)
  if ('thrown' in sent) {
    const answered = answerOf(sent.thrown)
    sending.httpStatus = answered?.status
    return (answered && call.expected?.(answered)) ?? refuse(thrownFailure(sent.thrown, { ...service, timeoutMs }))
  }
  const { response } = sent
  sending.httpStatus = response.status
  const unfit = wanted === 'json' || wanted === 'page' ? contentFailure(response, service, wanted) : undefined
  if (unfit || wanted === 'nothing' || wanted === 'page') {
    await response.body?.cancel()
    return unfit && refuse(unfit)
  }
  const bytes = await body(response, callers, timeoutMs).catch((reason) =>
    refuse(bodyFailure(response.status, service.system, reason === late ? timeoutMs : undefined)),
  )
  if (wanted === 'bytes') return bytes
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return refuse(bodyFailure(response.status, service.system, undefined))
  }
}

/** What {@link body} throws when the answer did not end in time. */
const late = Symbol('late')

/**
 * The whole body of an answer. It is read through a reader that is canceled by hand: after a garbage collection, the signal that fetch was given
 * may no longer reach the reading, and a body that never ends would hang.
 */
async function body(response: Response, callers: readonly AbortSignal[], timeoutMs: number): Promise<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader()
  if (reader === undefined) return new Uint8Array()
  let isLate = false
  const stop = (): void => void reader.cancel().catch(() => {})
  const timer = setTimeout(() => {
    isLate = true
    stop()
  }, timeoutMs)
  for (const signal of callers) signal.addEventListener('abort', stop, { once: true })
  try {
    const parts: Uint8Array[] = []
    for (let part = await reader.read(); !part.done; part = await reader.read()) parts.push(part.value)
    // A canceled body looks like one that came to its end.
    for (const signal of callers) signal.throwIfAborted()
    if (isLate) throw late
    return new Uint8Array(Buffer.concat(parts))
  } finally {
    clearTimeout(timer)
    for (const signal of callers) signal.removeEventListener('abort', stop)
  }
}

async function request<T>(
  service: Service,
  call: HttpCall<T>,
  url: string,
  signal: AbortSignal,
  sending: Sending,
): Promise<{ response: Response } | { thrown: unknown }> {
  const headers = {
    accept: 'application/json',
    ...service.headers,
    ...authHeader(service.auth),
    ...(call.body && { 'content-type': call.body.contentType }),
    ...sending.headers,
  }
  const { default: ky } = await import('ky')
  const idempotent = call.idempotent ?? (call.method !== 'POST' && call.method !== 'PATCH')
  try {
    const response = await ky(url, {
      method: call.method,
      headers,
      signal,
      redirect: 'manual',
      timeout: call.timeoutMs ?? service.timeoutMs,
      hooks: {
        beforeRetry: [() => void sending.resent++],
      },
      ...(call.query && { searchParams: { ...call.query } }),
      ...(call.body ? { body: call.body.content } : call.json !== undefined && { json: call.json }),
      retry: {
        limit: service.retries ?? 2,
        methods: ['get', 'post', 'put', 'patch', 'delete'],
        statusCodes: [429, 500, 502, 503, 504],
        maxRetryAfter: longestWaitMs,
        backoffLimit: longestWaitMs,
        delay: (attempts) => (service.retryDelayMs ?? 300) * 2 ** (attempts - 1),
        jitter: (delay) => delay * (0.75 + Math.random() / 2),
        // Anything else is left to ky, which knows the statuses above and lost connections.
        shouldRetry: ({ error }) => ((idempotent && !isTlsFailure(error)) || neverArrived(error) ? undefined : false),
      },
    })
    return { response }
  } catch (thrown) {
    return { thrown }
  }
}

/** An unset secret sends nothing: the server says whether it wants one, and the cure which variable to set. */
function authHeader(auth: HttpAuth | undefined): Record<string, string> {
  if (!auth || !hasCredentials(auth)) return {}
  if ('bearer' in auth) return { authorization: `Bearer ${auth.bearer.reveal()}` }
  if ('header' in auth) return { [auth.header]: auth.value.reveal() }
  const user = typeof auth.user === 'string' ? auth.user : auth.user.reveal()
  return { authorization: `Basic ${Buffer.from(`${user}:${auth.password.reveal()}`).toString('base64')}` }
}
