import type { HttpAuth, HttpServiceOptions } from './http-types.ts'

/** The part of a ServiceError that describes the cause. */
export interface Failure {
  readonly status?: number
  readonly reason: string
  readonly hint: string
}

type Service = HttpServiceOptions & { readonly timeoutMs: number }

/** ky's errors, recognized by their shape, since ky itself is loaded lazily. */
interface KyError {
  readonly name: string
  readonly response?: Response
  readonly data?: unknown
  readonly cause?: unknown
}

const names: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

/** Codes of errors below fetch, where nothing was sent. */
const unconnected: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  UND_ERR_CONNECT_TIMEOUT: 'connecting took too long',
}

const tls = /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO$)/

/** Status and JSON of the answer, when the error is a failed status. */
export function answerOf(thrown: unknown): { status: number; answer: unknown } | undefined {
  const { response, data } = thrown as KyError
  return response && { status: response.status, answer: data }
}

/** Whether what holds the credentials is set. */
export function hasCredentials(auth: HttpAuth): boolean {
  return ('bearer' in auth ? auth.bearer : 'header' in auth ? auth.value : auth.password).isSet
}

/** Whether the server did not accept the request: then it may be sent again, whatever it does. */
export function neverArrived(error: unknown): boolean {
  return answerOf(error)?.status === 429 || (causeCode(error) ?? '') in unconnected
}

/** Whether no secure connection could be made: trying again does not help. */
export function isTlsFailure(error: unknown): boolean {
  return tls.test(causeCode(error) ?? '')
}

/** Why a request gave no answer, or one with a failed status. */
export function thrownFailure(thrown: unknown, service: Service): Failure {
  const answered = answerOf(thrown)
  if (answered) return statusFailure(answered.status, answered.answer, service)
  const { system, baseUrlSetting, timeoutMs } = service
  const code = causeCode(thrown)
  if ((thrown as KyError).name === 'TimeoutError' || code === 'UND_ERR_HEADERS_TIMEOUT') {
    return { reason: `no answer within ${timeoutMs} ms`, hint: `Check that ${system} is up and not overloaded, or raise timeoutMs.` }
  }
  if (isTlsFailure(thrown)) {
    return {
      reason: `no secure connection (${code})`,
      hint: `Check that ${baseUrlSetting} uses https only if ${system} supports it; for your own certificate, add its authority to NODE_EXTRA_CA_CERTS.`,
    }
  }
  const known = code && unconnected[code]
  return {
    reason: known ?? (code ? `the connection was lost (${code})` : 'no connection could be made'),
    hint: `Check that ${system} is running and that ${baseUrlSetting} has its host and port.`,
  }
}

function statusFailure(status: number, answer: unknown, service: Service): Failure {
  const code = service.errorCode?.(answer)
  const codeText = typeof code === 'string' && /^[A-Z][A-Z_]{1,63}$/.test(code) ? ` (${code})` : ''
  const redirect = status >= 300 && status < 400
  const reason = redirect
    ? 'a redirect, which is not followed'
    : `${names[status] ?? (status >= 500 ? 'server error' : 'refused')}${codeText}`
  return { status, reason, hint: service.hints?.[status] ?? generalHint(status, service) }
}

function generalHint(status: number, { system, auth, authSetting, baseUrlSetting, retries = 2 }: Service): string {
  const known = auth !== undefined && hasCredentials(auth)
  if (status >= 300 && status < 400)
    return `Set ${baseUrlSetting} to the address that ${system} is really at (https rather than http, for example).`
  if (status === 401) return known ? `Check the value of ${authSetting}.` : `${system} requires credentials: set ${authSetting}.`
  if (status === 403)
    return auth ? `Check that what ${authSetting} names may do this in ${system}.` : `${system} may want credentials: set ${authSetting}.`
  if (status === 404) return `Check that it exists in ${system}, and that ${baseUrlSetting} is the root of its API.`
  if (status === 429) return `It was tried ${retries + 1} times: make fewer concurrent calls, or try later.`
  if (status === 413) return 'Send less per call.'
  if (status >= 500) return `Look into the log of ${system}.`
  return `Check what was asked for; the log of ${system} may say more.`
}

/** Why a successful answer is not of the kind that is wanted, judged by its content type. */
export function contentFailure(response: Response, { system, baseUrlSetting }: Service, wanted: 'json' | 'page'): Failure | undefined {
  const type = (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  if (wanted === 'page') {
    if (type === 'text/html') return undefined
    const { status } = response
    return {
      status,
      reason: 'answered something other than a page',
      hint: `Check that ${baseUrlSetting} is where ${system}'s web interface is, and that it is turned on.`,
    }
  }
  if (/\/(?:.*[.+-])?json$/.test(type)) return undefined
  const what = type === 'text/html' ? 'HTML' : 'another type'
  return {
    status: response.status,
    reason: `answered ${what} instead of JSON`,
    hint: `Check that ${baseUrlSetting} is the root of ${system}'s API and that no login page or proxy is in front of it.`,
  }
}

/** Why the body of a successful answer could not be read. `waitedMs` when it did not end in time. */
export function bodyFailure(status: number, system: string, waitedMs: number | undefined): Failure {
  if (waitedMs === undefined)
    return {
      status,
      reason: 'the answer is incomplete or is not valid JSON',
      hint: `Try again; if it stays, look into the log of ${system} and of any proxy before it.`,
    }
  return {
    status,
    reason: `the answer did not end within ${waitedMs} ms`,
    hint: `Check that ${system} is not overloaded, or raise timeoutMs.`,
  }
}

function causeCode(thrown: unknown): string | undefined {
  for (let at = thrown; typeof at === 'object' && at !== null; at = (at as KyError).cause) {
    const { code } = at as { code?: unknown }
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code)) return code
    const [first] = (at as Partial<AggregateError>).errors ?? []
    if (first) return causeCode(first)
  }
  return undefined
}
