import { ServiceError } from './service-error.ts'
import { thrownMessage } from './thrown.ts'

/** What `dagma doctor` found about one thing. It is shown to people: nothing secret, no body and no header may be in it. */
export interface Finding {
  /** What was looked at, in a few words: `reachable`, `authentication`, or the name of a variable or link. */
  readonly check: string
  /** `good`; `local`: a local form serves; `warning`: works, but look at it; `bad`: does not work. */
  readonly status: 'good' | 'local' | 'warning' | 'bad'
  /** What was found, in one sentence. */
  readonly found: string
  /** How to mend it: with every warning and everything bad. With `local`, how the real system is turned on. */
  readonly cure?: string
}

/** Looks at one thing: `look` gives what was found when it is good, and throws when it is not. */
export async function finding(check: string, look: () => string | Promise<string>): Promise<Finding> {
  try {
    return { check, status: 'good', found: await look() }
  } catch (error) {
    return failedFinding(check, error)
  }
}

/** What an error says about the thing that was looked at. The message of an error that is no ServiceError ends with its cure, as messages here do. */
export function failedFinding(check: string, error: unknown, status: 'warning' | 'bad' = 'bad'): Finding {
  if (error instanceof ServiceError) return { check, status, found: error.summary, cure: error.cure }
  const message = thrownMessage(error)
  const [, found = message, cure = 'Set it as that says.'] = /^(.+?\.) (?=[A-Z])(.+)$/s.exec(message) ?? []
  return { check, status, found, cure }
}
