/**
 * The attributes of spans of operations with models, named by OpenTelemetry's semantic conventions for generative AI. Those are still in development there:
 * the version of the dependency, 1.45.0, pins them, and all of their names stand here.
 */
import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_RETRIEVAL_DOCUMENTS,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
} from '@opentelemetry/semantic-conventions/incubating'
import type { ObservedOperation, OperationEnd, OperationFacts, OperationKind } from 'dagma/author'
import { errorAttributes, present } from './attributes.ts'

const operationNames = { embedding: 'embeddings', retrieval: 'retrieval', generation: 'chat', tool: 'execute_tool' } as const

const contentNames: { readonly [Kind in OperationKind]: { readonly input: string; readonly output: string } } = {
  embedding: { input: 'dagma.input', output: 'dagma.output' },
  retrieval: { input: 'dagma.input', output: 'dagma.output' },
  generation: { input: ATTR_GEN_AI_INPUT_MESSAGES, output: ATTR_GEN_AI_OUTPUT_MESSAGES },
  tool: { input: ATTR_GEN_AI_TOOL_CALL_ARGUMENTS, output: ATTR_GEN_AI_TOOL_CALL_RESULT },
}

/** Of the span of an operation. */
export function operationAttributes({ kind, name, system, model, facts }: ObservedOperation): Attributes {
  return present({
    'dagma.span_kind': kind,
    'dagma.operation': name,
    [ATTR_GEN_AI_OPERATION_NAME]: operationNames[kind],
    [ATTR_GEN_AI_PROVIDER_NAME]: system,
    [ATTR_GEN_AI_REQUEST_MODEL]: model,
    ...factAttributes(facts),
  })
}

/** How an operation ended. Structured values are JSON, as the conventions ask of spans. */
export function operationEndAttributes(
  kind: OperationKind,
  { status, error, usage, documents, model, facts, content }: OperationEnd,
): Attributes {
  const names = contentNames[kind]
  return present({
    'dagma.status': status,
    [ATTR_GEN_AI_USAGE_INPUT_TOKENS]: usage?.inputTokens,
    [ATTR_GEN_AI_USAGE_OUTPUT_TOKENS]: usage?.outputTokens,
    [ATTR_GEN_AI_RESPONSE_MODEL]: model,
    [ATTR_GEN_AI_RETRIEVAL_DOCUMENTS]: documents && JSON.stringify(documents.slice(0, 100)),
    [names.input]: content?.input === undefined ? undefined : JSON.stringify(content.input),
    [names.output]: content?.output === undefined ? undefined : JSON.stringify(content.output),
    ...factAttributes(facts),
    ...errorAttributes(error),
  })
}

function factAttributes(facts: OperationFacts): Attributes {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [`dagma.${name}`, value]))
}
