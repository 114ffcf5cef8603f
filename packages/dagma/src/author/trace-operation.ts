import type { Json } from '../metadata/metadata-value.ts'
import type { ObservedOperation, Operation, OperationFacts, OperationResult, TracedContent } from '../metadata/operations.ts'
import { callTracker, type OperationObserver, trackCalls } from '../metadata/outgoing-calls.ts'
import { redact, redactStart, redactValue } from '../metadata/redaction/redact.ts'
import { ServiceError } from '../metadata/service-error.ts'
import { thrownName } from '../metadata/thrown.ts'

const limits = { summary: { characters: 200, items: 10 }, full: { characters: 8_000, items: 100 } } as const
const deepest = 20

/**
 * Does a piece of work with a model and shows it in the run's trace: an embedding, a retrieval, a generation or a tool call, with the calls that it
 * makes below it. Without an instrument, and outside of a step, it only does the work. `input` and `output` are called where the content of traces is
 * turned on (`DAGMA_TRACE_CONTENT`), and pass the exit gate; everything else must be free of texts.
 * @throws whatever `work` throws
 * @example
 * ```ts
 * const hits = (question: string) =>
 *   traceOperation(
 *     { kind: 'retrieval', name: 'search pages', system: 'wiki', facts: { limit: 5 }, input: () => ({ question }) },
 *     async () => [{ id: 'page-1', score: 0.9, text: 'A page.' }],
 *     (found) => ({ documents: found, output: () => found.map(({ text }) => text) }),
 *   )
 * ```
 */
export async function traceOperation<T>(
  operation: Operation,
  work: () => Promise<T>,
  resultOf: (value: T) => OperationResult = () => ({}),
): Promise<T> {
  const { kind, name, system, model, facts = {} } = operation
  const observer = callTracker()?.startOperation?.(redactValue({ kind, name, system, model, facts }) as ObservedOperation)
  if (observer === undefined) return work()
  let value: T
  try {
    value = await trackCalls(observer, work)
  } catch (error) {
    end(observer, operation, {}, error instanceof ServiceError ? error.summary : thrownName(error))
    throw error
  }
  end(observer, operation, attempted(() => resultOf(value)) ?? {}, undefined)
  return value
}

function end(observer: OperationObserver, { input }: Operation, result: OperationResult, error: string | undefined): void {
  const { usage, documents, model, facts = {}, output } = result
  const { content } = observer
  const text = (read: (() => Json) | undefined): Json | undefined => content && read && attempted(() => shown(read(), content))
  observer.end({
    status: error === undefined ? 'success' : 'failure',
    error: error && redact(error),
    usage,
    documents: documents?.map(({ id, score }) => ({ id: redact(id), score })),
    model: model && redact(model),
    facts: redactValue(facts) as OperationFacts,
    content: content && { input: text(input), output: text(output) },
  })
}

/** An operation whose description fails was executed nevertheless. */
function attempted<T>(describe: () => T): T | undefined {
  try {
    return describe()
  } catch {
    return undefined
  }
}

/** The displayed part of a content: truncated first, with room for a secret across the cut, then redacted. */
function shown(content: Json, { level, personalFields }: TracedContent): Json {
  const { characters, items } = limits[level]
  const personal = new Set(personalFields.map((name) => name.toLowerCase()))
  const cut = (value: Json, depth: number): Json => {
    if (typeof value === 'string') return value.length > characters ? `${redactStart(value, characters).slice(0, characters)}…` : value
    if (typeof value !== 'object' || value === null) return value
    if (depth > deepest) return '…'
    if (Array.isArray(value)) {
      const first = value.slice(0, items).map((item) => cut(item, depth + 1))
      return value.length > items ? [...first, `… and ${value.length - items} more`] : first
    }
    const fields = Object.entries(value).filter(([name]) => !personal.has(name.toLowerCase()))
    return Object.fromEntries(fields.map(([name, field]) => [name, field === undefined ? null : cut(field, depth + 1)]))
  }
  return redactValue(cut(content, 0)) as Json
}
