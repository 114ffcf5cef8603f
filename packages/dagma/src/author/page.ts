import { type Finding, failedFinding } from '../metadata/finding.ts'
import { ServiceError } from '../metadata/service-error.ts'
import { httpService } from './http.ts'

/** A link that is made for a browser, as {@link pageFinding} takes it. */
export interface PageLink {
  /** Its metadata key. */
  readonly key: string
  readonly url: string
  /** Name of the system, for example `MLflow`. */
  readonly system: string
  /** The source of its base: the name of a variable or setting. */
  readonly setting: string
}

/**
 * Opens a link as a browser would, without any key, and reports whether a page answers. What is behind the "#" of a link is for the page
 * itself: whether the thing that it names is there must be asked of the system's API.
 * @example
 * ```ts
 * const probe = (signal: AbortSignal) =>
 *   pageFinding(
 *     { key: 'shop_url', url: 'https://shop.example.com/orders', system: 'Shop', setting: 'SHOP_URL' },
 *     { timeoutMs: 5_000, signal },
 *   )
 * ```
 */
export async function pageFinding(
  { key, url, system, setting }: PageLink,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Finding> {
  const good = (message: string): Finding => ({ check: key, status: 'ok', message: `${url} ${message}` })
  const { origin, pathname } = new URL(url)
  try {
    const service = httpService({ system, baseUrl: origin, baseUrlSetting: setting, authSetting: setting, timeoutMs, signal, retries: 0 })
    await service.page({ operation: `open ${key}`, method: 'GET', path: pathname })
    return good('opens')
  } catch (error) {
    const status = error instanceof ServiceError ? error.status : undefined
    // A browser asks the person who opens it, or continues to the login page.
    if (status === 401 || (status !== undefined && status >= 300 && status < 400)) return good('answers, and asks for a login')
    return failedFinding(key, error)
  }
}
