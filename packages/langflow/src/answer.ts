import { type Json, record } from 'dagma/author'
import type { FlowAnswer, FlowOutput } from './client.ts'

/** Why a response is not an answer, and what to do about it. */
export interface NoAnswer {
  readonly reason: string
  readonly hint: string
}

/** Parses LangFlow's response to a run. If it is not an answer, only ids of components get into the reason. */
export function flowAnswer(response: unknown, asked: { readonly flow: string; readonly sessionId?: string }): FlowAnswer | NoAnswer {
  const { session_id: session, outputs: groups } = record(response)
  if (!Array.isArray(groups))
    return {
      reason: 'the answer is not that of a flow: it has no list of outputs',
      hint: "Run the flow in LangFlow's UI, and check that LANGFLOW_BASE_URL is the root of the server.",
    }
  const results = groups.flatMap((group): unknown[] => listIn(record(group).outputs))
  const failed = results.find(isError)
  if (failed !== undefined)
    return {
      reason: `the component ${componentOf(failed) || 'at its end'} reported an error instead of an answer`,
      hint: "Open the flow in LangFlow's UI and run it there.",
    }
  const outputs = results.map(outputsOf)
  const texts = outputs.flatMap((ofOne) => ofOne.find(({ text }) => text !== undefined)?.text ?? [])
  return {
    text: texts[0] ?? '',
    texts,
    outputs: outputs.flat(),
    sessionId: typeof session === 'string' ? session : (asked.sessionId ?? asked.flow),
    outputsCount: results.length,
  }
}

/** The result of a component, by the names of its outputs. */
function outputsOf(result: unknown): FlowOutput[] {
  const component = componentOf(result)
  return valuesOf(result).map(([name, raw]) => ({ component, name, value: plain(raw), text: textIn(raw) }))
}

/** Where the values stand depends on the kind of component and on LangFlow's version: the first place that has any. */
function valuesOf(result: unknown): [name: string, value: unknown][] {
  const { outputs, results, artifacts, messages } = record(result)
  const { message: artifact } = record(artifacts)
  const [message] = listIn(messages)
  const places = [
    membersOf(outputs, 'message'),
    Object.entries(record(results)),
    typeof artifact === 'string' ? Object.entries({ message: artifact }) : membersOf(artifacts, 'raw'),
    message === undefined ? [] : Object.entries({ message: record(message).message ?? message }),
  ]
  return places.find((values) => values.length > 0) ?? []
}

/** One member of each object in `of`. */
function membersOf(of: unknown, member: string): [name: string, value: unknown][] {
  return Object.entries(record(of)).flatMap(([name, one]) => (member in record(one) ? [[name, record(one)[member]]] : []))
}

/** A value without LangFlow's own wrapping: a message is its text, data what it holds. */
function plain(value: unknown): Json {
  if (Array.isArray(value)) return value.map(plain)
  const { text_key: isWrapped, text, data } = record(value)
  return (isWrapped === undefined ? value : typeof text === 'string' ? text : (data ?? value)) as Json
}

function textIn(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  const { text, message, data } = record(value)
  return [text, message, record(data).text].find((found) => typeof found === 'string')
}

/** Whether a component gave a message that LangFlow marks as an error. */
function isError(result: unknown): boolean {
  const messages = Object.values(record(record(result).results)).map(record)
  return messages.some(({ error, data }) => error === true || record(data).error === true)
}

function componentOf(result: unknown): string {
  const { component_id: id } = record(result)
  return typeof id === 'string' && /^[\w-]{1,100}$/.test(id) ? id : ''
}

function listIn(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
