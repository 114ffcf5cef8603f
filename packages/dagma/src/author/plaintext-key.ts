import type { Finding } from '../metadata/finding.ts'
import type { Secret } from '../metadata/redaction/secret.ts'

/**
 * Whether a key that is sent to this URL goes over the network as plain text: by http, to another machine.
 * @example
 * ```ts
 * if (sendsKeyInPlaintext('http://shop.example.com')) console.warn('Use https.')
 * ```
 */
export function sendsKeyInPlaintext(baseUrl: string): boolean {
  const { protocol, hostname } = new URL(baseUrl)
  return protocol === 'http:' && !/^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
}

/**
 * The findings of `dagma doctor` for a key that goes to this URL: a warning when others can read it, otherwise nothing.
 * @example
 * ```ts
 * const findings = plaintextKeyFindings(secret('SHOP_API_KEY'), 'http://shop.example.com')
 * ```
 */
export function plaintextKeyFindings(apiKey: Secret | undefined, baseUrl: string): Finding[] {
  if (!apiKey?.isSet || !sendsKeyInPlaintext(baseUrl)) return []
  const message = `The key in ${apiKey.variable} is sent over the network in plaintext.`
  return [{ check: 'https', status: 'warning', message, fix: 'Use https, or keep the server on a private network.' }]
}
