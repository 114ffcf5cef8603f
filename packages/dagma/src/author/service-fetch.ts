import { flowingBody, late, wholeBody } from './answer-body.ts'
import { type Attempt, checkedTimeout, request, waiting } from './http.ts'
import { answerOf, bodyFailure, contentFailure, thrownFailure } from './http-failure.ts'
import type { HttpCall, HttpServiceOptions } from './http-types.ts'
import { observedCall } from './observed-call.ts'

/**
 * A `fetch` for a library that calls a system by itself: it calls as `httpService` does, with its retries, time limits, errors and traces. What
 * the library gives is sent as it is; redirects are not followed. The answer may be a stream of events, in which no pause may be longer than
 * `timeoutMs`. Of the options, `baseUrl` and `auth` are for the hints of errors only.
 * @example
 * ```ts
 * const shop = { system: 'Shop', baseUrl: 'https://shop.example.com', baseUrlSetting: 'SHOP_URL', authSetting: 'SHOP_API_KEY' }
 * const shopFetch = serviceFetch({ ...shop, operation: 'place order' })
 * const order = () => shopFetch('https://shop.example.com/orders', { method: 'POST', body: '{}' })
 * ```
 */
export function serviceFetch(options: HttpServiceOptions & Pick<HttpCall, 'operation'>): typeof globalThis.fetch {
  const service = { ...options, timeoutMs: checkedTimeout(options) }
  const { system, operation } = options
  return async (input, { method: given = 'GET', headers: own, body, signal } = {}) => {
    const url = input instanceof Request ? input.url : String(input)
    const method = methods.find((known) => known === given.toUpperCase())
    if (method === undefined)
      throw new RangeError(`${system}: the library calls it by the method ${given}, which is not one of ${methods.join(', ')}.`)
    const headers = Object.fromEntries(new Headers(own))
    const content = typeof body === 'string' ? body : body && new Uint8Array(await new Response(body).arrayBuffer())
    const call: HttpCall = {
      operation,
      method,
      path: '',
      ...(content && { body: { content, contentType: headers['content-type'] ?? 'application/json' } }),
      idempotent: true,
      ...(signal && { signal }),
    }
    return observedCall(
      () => ({ system, operation, method, url, database: undefined }),
      (sending) => answer({ service, call, url, sending, headers }),
    )
  }
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** The answer, once it is known to be one; a stream of events as it begins. */
async function answer(made: Attempt<unknown>): Promise<Response> {
  const { service, sending } = made
  const { callers, timeoutMs, refuse } = waiting(made)
  const sent = await request(made, AbortSignal.any([...callers]))
  if ('thrown' in sent) {
    sending.httpStatus = answerOf(sent.thrown)?.status
    return refuse(thrownFailure(sent.thrown, { ...service, timeoutMs }))
  }
  const { response } = sent
  const { status, headers } = response
  sending.httpStatus = status
  const incomplete = (reason: unknown): never => refuse(bodyFailure(status, service.system, reason === late ? timeoutMs : undefined))
  if (headers.get('content-type')?.startsWith('text/event-stream'))
    return new Response(flowingBody(response, callers, timeoutMs, incomplete), { status, headers })
  const unfit = contentFailure(response, service, 'json')
  if (unfit) {
    await response.body?.cancel()
    return refuse(unfit)
  }
  const bytes = await wholeBody(response, callers, timeoutMs).catch(incomplete)
  try {
    JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    // The library's own error would have the answer in it.
    return refuse(bodyFailure(status, service.system, undefined))
  }
  return new Response(bytes, { status, headers })
}
