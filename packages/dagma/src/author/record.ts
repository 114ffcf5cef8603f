/**
 * `value` as an object whose members are not known yet; an empty one for anything that is not an object. For reading the answers of services.
 * @example
 * ```ts
 * const answer: unknown = JSON.parse('{ "status": "ok" }')
 * const { status } = record(answer)
 * ```
 */
export function record(value: unknown): { readonly [member: string]: unknown } {
  return typeof value === 'object' && value !== null ? (value as { readonly [member: string]: unknown }) : {}
}
