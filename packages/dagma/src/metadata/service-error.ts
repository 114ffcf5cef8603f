/** How a call to another system failed, without anything that could hold a secret or a text. */
export interface HttpFailure {
  /** Name of the system, for example `MLflow`. */
  readonly system: string
  /** The operation, for example `create run`. */
  readonly operation: string
  /** HTTP method and URL; its query and user info are dropped. */
  readonly method: string
  readonly url: string
  /** HTTP status, when there was an answer. */
  readonly status?: number
  /** A short reason in plain words: `Unauthorized`, `connection refused`, `answered HTML instead of JSON`. Never a body or a header. */
  readonly reason: string
  /** How to fix it, in one sentence. */
  readonly hint: string
}

/**
 * A call to another system failed. The message has system, operation, method, URL without query and user info, status, a short reason and a
 * hint; never a body or a header. Integrations throw it for every failed call.
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly system: string
  readonly operation: string
  readonly status: number | undefined
  /** The message without its hint. */
  readonly summary: string
  readonly hint: string

  /** `cause` is kept only when it is given: leave out what may hold a body or a header. */
  constructor(failure: HttpFailure, cause?: unknown) {
    const { system, operation, method, url, status, reason, hint } = failure
    const summary = `${system}: ${operation} failed: ${method} ${bareUrl(url)}${status === undefined ? '' : ` answered ${status}`}: ${reason}.`
    super(`${summary} ${hint}`, cause === undefined ? undefined : { cause })
    this.system = system
    this.operation = operation
    this.status = status
    this.summary = summary
    this.hint = hint
  }
}

function bareUrl(text: string): string {
  const url = URL.parse(text)
  return url === null ? '(no URL)' : `${url.origin}${url.pathname}`
}
