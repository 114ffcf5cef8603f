type JsonSchema = { readonly [keyword: string]: unknown }

/**
 * A value for a JSON Schema out of sentences: texts are the sentences, numbers the first one that fits, of a list of values the first that is named.
 * Whether it fits is for the schema itself to say.
 */
export function objectOf(schema: JsonSchema, sentences: readonly string[]): unknown {
  const text = sentences.join(' ')
  const valueFor = (part: JsonSchema, depth: number): unknown => {
    if (depth > 20) return null // a schema that contains itself
    const inner = (one: unknown): unknown => valueFor(isSchema(one) ? one : {}, depth + 1)
    if (typeof part.$ref === 'string') return inner(referenced(schema, part.$ref))
    if ('const' in part) return part.const
    if (Array.isArray(part.enum)) return part.enum.find((value) => names(text, value)) ?? part.enum[0]
    for (const list of [part.anyOf, part.oneOf, part.allOf]) if (Array.isArray(list)) return inner(list[0])
    const type = Array.isArray(part.type) ? part.type[0] : part.type
    if (type === 'object' || isSchema(part.properties))
      return Object.fromEntries(Object.entries(part.properties ?? {}).map(([name, one]) => [name, inner(one)]))
    if (type === 'array')
      return listOf(part, sentences, (own) => (isSchema(part.items) ? objectOf({ ...part.items, $defs: schema.$defs }, own) : own[0]))
    if (type === 'number' || type === 'integer') return numberOf(part, text)
    if (type === 'boolean') return /\b(?:yes|true)\b/i.test(text)
    if (type === 'null') return null
    const longest = typeof part.maxLength === 'number' ? part.maxLength : Number.POSITIVE_INFINITY
    return text.slice(0, longest)
  }
  return valueFor(schema, 0)
}

function listOf({ minItems, maxItems }: JsonSchema, sentences: readonly string[], item: (own: readonly string[]) => unknown): unknown[] {
  const length = Math.min(Math.max(sentences.length, Number(minItems ?? 0)), Number(maxItems ?? Number.POSITIVE_INFINITY))
  return Array.from({ length }, (_, index) => item([sentences[index % Math.max(sentences.length, 1)] ?? '']))
}

function numberOf(part: JsonSchema, text: string): number {
  const [low, high] = [Number(part.minimum ?? Number.NEGATIVE_INFINITY), Number(part.maximum ?? Number.POSITIVE_INFINITY)]
  const numbers = (text.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number)
  const fits = (number: number): boolean => number >= low && number <= high && (part.type !== 'integer' || Number.isInteger(number))
  return numbers.find(fits) ?? (Number.isFinite(low) ? low : Number.isFinite(high) ? Math.min(high, 0) : 0)
}

function names(text: string, value: unknown): boolean {
  return typeof value === 'string' && value !== '' && text.toLowerCase().includes(value.toLowerCase())
}

function referenced(schema: JsonSchema, reference: string): unknown {
  const path = reference.replace(/^#\/?/, '').split('/').filter(Boolean)
  return path.reduce<unknown>((at, name) => (isSchema(at) ? at[name.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined), schema)
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
