import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'

/** A JSON Schema. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** The JSON Schema of what a schema takes. @throws RangeError when its library does not convert it */
export function jsonSchemaOf(schema: StandardSchemaV1, given: JsonSchema | undefined): JsonSchema {
  if (given !== undefined) return given
  const standard = schema['~standard']
  if (!describesItself(standard))
    throw new RangeError(`Language model: "${standard.vendor}" does not convert its schemas to JSON Schema. Pass it as jsonSchema, too.`)
  const libraryOptions = standard.vendor === 'zod' ? { unrepresentable: 'any' } : undefined
  return standard.jsonSchema.input({ target: 'draft-2020-12', ...(libraryOptions && { libraryOptions }) })
}

function describesItself(standard: StandardSchemaV1.Props): standard is StandardJSONSchemaV1.Props & StandardSchemaV1.Props {
  return 'jsonSchema' in standard
}

/** Instructions for the model, after the caller's own. */
export function withSchema(instructions: string | undefined, schema: JsonSchema): string {
  const own = instructions === undefined ? '' : `${instructions}\n\n`
  return `${own}Answer with JSON only, without any other text, that is valid against this JSON Schema:\n${JSON.stringify(schema)}`
}

/** An answer as its schema takes it, or what is wrong with it: without anything of the answer but names of members. */
export async function readObject<Schema extends StandardSchemaV1>(
  text: string,
  schema: Schema,
): Promise<{ readonly object: StandardSchemaV1.InferOutput<Schema> } | { readonly wrong: string }> {
  const json = jsonIn(text)
  if (json === undefined) return { wrong: 'it is not JSON' }
  return checkedObject(json.value, schema)
}

/** A value as its schema takes it, or where it does not fit. */
export async function checkedObject<Schema extends StandardSchemaV1>(
  value: unknown,
  schema: Schema,
): Promise<{ readonly object: StandardSchemaV1.InferOutput<Schema> } | { readonly wrong: string }> {
  const result = await schema['~standard'].validate(value)
  if (result.issues === undefined) return { object: result.value as StandardSchemaV1.InferOutput<Schema> }
  const places = result.issues.map(({ path = [] }) => path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.'))
  const [first = ''] = places
  return { wrong: first === '' ? 'it does not fit the schema' : `it does not fit the schema at "${first}"` }
}

/** The JSON in an answer: models put it into fences, behind what they thought, or between sentences. */
function jsonIn(text: string): { readonly value: unknown } | undefined {
  const answer = text.replace(/^\s*<think>[\s\S]*?<\/think>/, '').trim()
  const fenced = /```(?:json)?\s*\n([\s\S]*?)\n\s*```/.exec(answer)?.[1]
  const open = answer.search(/[[{]/)
  const close = Math.max(answer.lastIndexOf(']'), answer.lastIndexOf('}'))
  for (const candidate of [answer, fenced, open >= 0 && close > open ? answer.slice(open, close + 1) : undefined]) {
    if (candidate === undefined) continue
    try {
      return { value: JSON.parse(candidate) }
    } catch {
      // the next one
    }
  }
  return undefined
}
