import { checkedHttpUrl, deepLink } from '../metadata/links.ts'
import { ServiceError } from '../metadata/service-error.ts'
import { late, wholeBody } from './answer-body.ts'
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
import type { HttpAuth, HttpCall, HttpService, HttpServiceOptions } from './http-types.ts'
import { observedCall, type Sending } from './observed-call.ts'

const longestWaitMs = 30_000
const longestTimeoutMs = 300_000

/**
 * A client for one system's JSON API. Every failure becomes one {@link ServiceError} with a hint, and no body, header or secret in it. The calls are
 * made by the library `ky` over Node's own fetch: it has the retries, `Retry-After` and time-outs that are easy to get wrong, and no
 * dependencies; it is loaded at the first call. Redirects are not followed, since a key would go with them.
 * @throws DAGMA_URL_INVALID when the root is not an http or https URL, or has user info.
 * @example
 * ```ts
 * const shop = httpService({
 *   system: 'Shop',
 *   baseUrl: 'https://shop.example.com/api',
 *   baseUrlSetting: 'SHOP_URL',
 *   auth: { bearer: secret('SHOP_API_KEY') },
 *   authSetting: 'SHOP_API_KEY',
 * })
 * const orders = () => shop.json({ operation: 'list orders', method: 'GET', path: 'orders', query: { limit: '10' } })
 * ```
 */
export function httpService(options: HttpServiceOptions): HttpService {
  checkedHttpUrl(options.baseUrl, options.baseUrlSetting)
  const service = { ...options, timeoutMs: checkedTimeout(options) }
  return {
    json: async <T>(call: HttpCall<T>) => (await observed(service, call, 'json')) as T,
    send: async (call) => void (await observed(service, call, 'nothing')),
    page: async (call) => void (await observed(service, call, 'page')),
    bytes: async (call) => (await observed(service, call, 'bytes')) as Uint8Array<ArrayBuffer>,
  }
}

/** @throws RangeError */
export function checkedTimeout({ system, timeoutMs = 30_000 }: HttpServiceOptions): number {
  if (timeoutMs > 0 && timeoutMs <= longestTimeoutMs) return timeoutMs
  throw new RangeError(`${system}: timeoutMs must be above 0 and at most ${longestTimeoutMs}, not ${timeoutMs}.`)
}

type Service = HttpServiceOptions & { readonly timeoutMs: number }

type ResponseKind = 'json' | 'nothing' | 'page' | 'bytes'

function observed<T>(service: Service, call: HttpCall<T>, wanted: ResponseKind): Promise<unknown> {
  const { system, database } = service
  const { operation, method } = call
  const url = deepLink(service.baseUrl, call.path)
  return observedCall(
    () => ({ system, operation, method, url, database }),
    (sending) => attempt({ service, call, url, sending }, wanted),
  )
}

/** A call that is being made. */
export interface Attempt<T> {
  readonly service: Service
  readonly call: HttpCall<T>
  readonly url: string
  readonly sending: Sending
  /** The headers to send, instead of the headers and credentials of the service. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Who may abort a call, and how it fails: with the reason of whoever has. */
export function waiting<T>({ service, call, url }: Attempt<T>): {
  callers: readonly AbortSignal[]
  timeoutMs: number
  refuse: (failure: Failure) => never
} {
  const callers = [service.signal, call.signal].filter((signal) => signal !== undefined)
  const refuse = (failure: Failure): never => {
    for (const { aborted, reason } of callers) if (aborted) throw reason
    throw new ServiceError({ system: service.system, operation: call.operation, method: call.method, url, ...failure })
  }
  for (const signal of callers) signal.throwIfAborted()
  return { callers, timeoutMs: call.timeoutMs ?? service.timeoutMs, refuse }
}

async function attempt<T>(made: Attempt<T>, wanted: ResponseKind): Promise<unknown> {
  const { service, call, sending } = made
  const { callers, timeoutMs, refuse } = waiting(made)
  const sent = await request(made, AbortSignal.any([...callers]))
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
  const bytes = await wholeBody(response, callers, timeoutMs).catch((reason) =>
    refuse(bodyFailure(response.status, service.system, reason === late ? timeoutMs : undefined)),
  )
  if (wanted === 'bytes') return bytes
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return refuse(bodyFailure(response.status, service.system, undefined))
  }
}

/** Sends a call, again where that may help. Never throws. */
export async function request<T>(
  { service, call, url, sending, headers: given }: Attempt<T>,
  signal: AbortSignal,
): Promise<{ response: Response } | { thrown: unknown }> {
  const own = { accept: 'application/json', ...service.headers, ...authHeader(service.auth) }
  const headers = { ...(given ?? own), ...(call.body && { 'content-type': call.body.contentType }), ...sending.headers }
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

/**
 * The header that carries the credentials of a service, as `httpService` sends them: for what sends its requests by another client. Their secrets are
 * revealed here. An unset one sends nothing: the server says whether it wants one.
 * @example
 * ```ts
 * const headers = () => authHeader({ bearer: secret('SHOP_API_KEY') })
 * ```
 */
export function authHeader(auth: HttpAuth | undefined): Record<string, string> {
  if (!auth || !hasCredentials(auth)) return {}
  if ('bearer' in auth) return { authorization: `Bearer ${auth.bearer.reveal()}` }
  if ('header' in auth) return { [auth.header]: auth.value.reveal() }
  const user = typeof auth.user === 'string' ? auth.user : auth.user.reveal()
  return { authorization: `Basic ${Buffer.from(`${user}:${auth.password.reveal()}`).toString('base64')}` }
}
