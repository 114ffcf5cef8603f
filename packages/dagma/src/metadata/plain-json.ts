/**
 * `value` as plain JSON data.
 * @param wrong makes the error of a value that cannot be that: a number that JSON lacks, a function, a circle.
 * @param unsafe whether whole numbers beyond ±(2^53 − 1), which may have been rounded, are let through. Default false.
 */
export function plainJson(value: unknown, wrong: (reason: string) => Error, { unsafe = false } = {}): unknown {
  const check = (member: string, item: unknown): unknown => {
    const at = member === '' ? '' : ` at "${member}"`
    if (typeof item === 'number' && !Number.isFinite(item)) throw wrong(`has ${item}${at}, which JSON lacks`)
    if (!unsafe && Number.isInteger(item) && !Number.isSafeInteger(item))
      throw wrong(`has a whole number beyond 2^53${at}, which would be rounded; give it as text`)
    if (typeof item === 'bigint' || typeof item === 'function' || typeof item === 'symbol')
      throw wrong(`has a ${typeof item}${at}, which JSON lacks`)
    return item
  }
  if (typeof value !== 'object' || value === null) return check('', value)
  try {
    return JSON.parse(JSON.stringify(value, check))
  } catch (error) {
    if (error instanceof TypeError) throw wrong(`cannot be written as JSON: ${error.message.split('\n')[0]}`)
    throw error
  }
}
