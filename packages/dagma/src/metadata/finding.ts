import { ServiceError } from './service-error.ts'
import { thrownMessage } from './thrown.ts'

/** One result of `dagma doctor`. It is printed, so it must hold no secret, response body or header. */
export interface Finding {
  /** The name of the check: `reachable`, `authentication`, or the name of a variable or link. */
  readonly check: string
  /** `ok`; `local`: the local backend is used; `warning`: it works but needs attention; `error`: it does not work. */
  readonly status: 'ok' | 'local' | 'warning' | 'error'
  /** The result, in one sentence. */
  readonly message: string
  /** How to fix it: present with every warning and error. With `local`: how to use the real system. */
  readonly fix?: string
}

/**
 * Performs one check: `look` returns the message of the `ok` finding, and throws when something is wrong.
 * @example
 * ```ts
 * const reachable = await finding('reachable', () => 'https://shop.example.com answers')
 * ```
 */
export async function finding(check: string, look: () => string | Promise<string>): Promise<Finding> {
  try {
    return { check, status: 'ok', message: await look() }
  } catch (error) {
    return failedFinding(check, error)
  }
}

/**
 * The finding that reports an error. The fix is a ServiceError's hint, or what follows the first sentence of another error's message.
 * @example
 * ```ts
 * const wrong = failedFinding('SHOP_URL', new Error('SHOP_URL is not set. Set it to the root of the API.'))
 * ```
 */
export function failedFinding(check: string, error: unknown, status: 'warning' | 'error' = 'error'): Finding {
  if (error instanceof ServiceError) return { check, status, message: error.summary, fix: error.hint }
  const text = thrownMessage(error)
  const [, message = text, fix = 'Correct the value.'] = /^(.+?\.) (?=[A-Z])(.+)$/s.exec(text) ?? []
  return { check, status, message, fix }
}
