import { callTracker, type Database } from '../metadata/outgoing-calls.ts'
import { redact, redactValue } from '../metadata/redaction/redact.ts'
import { ServiceError } from '../metadata/service-error.ts'

/** The connection of a call with its observer. */
export interface Sending {
  /** Sent along. */
  readonly headers: Readonly<Record<string, string>>
  /** How often it was sent again. */
  resent: number
  /** Status of the last answer. */
  httpStatus: number | undefined
}

/** A call as its observers see it. */
interface Described {
  readonly system: string
  readonly operation: string
  readonly method: string
  readonly url: string
  readonly database: Database | undefined
}

/** Makes a call, and notifies the observer of the step that it is made in. */
export async function observedCall<T>(described: () => Described, make: (sending: Sending) => Promise<T>): Promise<T> {
  const tracker = callTracker()
  const sending: Sending = { headers: {}, resent: 0, httpStatus: undefined }
  if (tracker === undefined) return make(sending)
  const { url, ...rest } = described()
  const { origin, pathname } = new URL(url)
  const observer = tracker.startCall({ ...(redactValue(rest) as typeof rest), url: redact(`${origin}${pathname}`) })
  const followed: Sending = { ...sending, headers: observer.headers }
  const end = (error: string | undefined): void => {
    const { httpStatus, resent } = followed
    observer.end({ status: error === undefined ? 'success' : 'failure', httpStatus, resent, error })
  }
  try {
    const result = await make(followed)
    end(undefined)
    return result
  } catch (error) {
    end(error instanceof ServiceError ? redact(error.summary) : 'It was canceled.')
    throw error
  }
}
