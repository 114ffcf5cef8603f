import { dagmaError } from '../errors.ts'

/**
 * `text` when it is an absolute http or https URL without user info.
 * @throws DAGMA_URL_INVALID otherwise; the message never repeats the text, which may hold a password.
 * @example
 * ```ts
 * const baseUrl = checkedHttpUrl('https://shop.example.com/api', 'SHOP_URL')
 * ```
 */
export function checkedHttpUrl(text: string, what: string): string {
  const url = URL.parse(text)
  if (url === null) throw dagmaError('DAGMA_URL_INVALID', { what, reason: 'is not an absolute URL' })
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw dagmaError('DAGMA_URL_INVALID', { what, reason: `is not an http or https URL (it starts with "${url.protocol}")` })
  if (url.username !== '' || url.password !== '')
    throw dagmaError('DAGMA_URL_INVALID', { what, reason: 'has a user name or password in it' })
  return text
}

/**
 * Whether `text` is an absolute http or https URL without user info: fit for a deep link.
 * @example
 * ```ts
 * const links = [process.env['SHOP_URL']].filter(isHttpUrl)
 * ```
 */
export function isHttpUrl(text: string | undefined): text is string {
  const url = text === undefined ? null : URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
}

/**
 * A deep link: `base` (http or https; its own path is kept, trailing slashes, query and fragment are left out) and `path` below it, joined by one "/".
 * Parts of `path` that come from data must be encoded by the caller.
 * @example
 * ```ts
 * const page = deepLink('https://shop.example.com/', `orders/${encodeURIComponent('a/b')}`)
 * ```
 */
export function deepLink(base: string, path: string): string {
  const root = checkedHttpUrl(base, 'The base of a deep link').replace(/\/*(?:[?#].*)?$/s, '')
  return path === '' ? root : `${root}/${path.replace(/^\/+/, '')}`
}
