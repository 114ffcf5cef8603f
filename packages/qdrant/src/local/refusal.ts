/** The local store's rejection of a request, with a status as a server would send. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly hint: string

  /** `reason` holds names from the request, never its texts or vectors. */
  constructor(status: number, reason: string, hint = 'Check what was asked for.') {
    super(reason)
    this.status = status
    this.hint = hint
  }
}

/** A wrong request. */
export function badRequest(reason: string): Refusal {
  return new Refusal(400, reason)
}

/** Something that a server has and the local store has not. */
export function notLocal(what: string): Refusal {
  return new Refusal(501, `the local store has no ${what}`, 'Set the url or host of a Qdrant server, or do without.')
}

/** Refuses members that are not `known`, by name. Members that are undefined are as good as absent. */
export function onlyMembers(of: object, known: readonly string[], what: string): void {
  const unknown = Object.entries(of).find(([name, value]) => value !== undefined && !known.includes(name))
  if (unknown !== undefined) throw notLocal(`${what} "${unknown[0]}"`)
}

/** `value` as an object; anything else is a wrong request. */
export function asObject(value: unknown, what: string): { readonly [name: string]: unknown } {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as { [name: string]: unknown }
  throw badRequest(`${what} must be an object`)
}

/** `value` as an array; anything else is a wrong request. */
export function asArray(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw badRequest(`${what} must be an array`)
}

/** `value` as an integer from 0 on; anything else is a wrong request. */
export function asWhole(value: unknown, what: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  throw badRequest(`${what} must be an integer from 0 on`)
}
