import type { FlowAnswer } from './client.ts'

/** LangFlow's response to a run, as far as it is read. */
interface RunResponse {
  readonly session_id?: unknown
  readonly outputs?: readonly { readonly outputs?: readonly (Output | null)[] }[]
}

interface Output {
  readonly results?: unknown
  readonly artifacts?: unknown
  readonly messages?: readonly unknown[]
}

/** The texts in LangFlow's response. */
export function flowAnswer(response: unknown, asked: { readonly flow: string; readonly sessionId?: string }): FlowAnswer {
  const { session_id: session, outputs } = (record(response) ?? {}) as RunResponse
  const all = (Array.isArray(outputs) ? outputs : []).flatMap((group) =>
    Array.isArray(group?.outputs) ? (group.outputs as (Output | null)[]) : [],
  )
  const texts = all.map(textOf).filter((text) => text !== undefined)
  return {
    text: texts[0] ?? '',
    texts,
    sessionId: typeof session === 'string' ? session : (asked.sessionId ?? asked.flow),
    outputsCount: all.length,
  }
}

/** An output's text: where it stands depends on the kind of component and on LangFlow's version. */
function textOf(output: Output | null): string | undefined {
  const results = Object.values(record(output?.results) ?? {})
  const found = [...results, output?.artifacts, output?.messages?.[0]].map(textIn)
  return found.find((text) => text !== undefined)
}

function textIn(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  const { text, message, data } = record(value) ?? {}
  return [text, message, record(data)?.text].find((found) => typeof found === 'string')
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
}
