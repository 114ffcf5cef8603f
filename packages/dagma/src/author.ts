/** The API for authors of integrations, besides that of `dagma`. */

import './copies.ts' // an integration may bring its own copy

export { type BatchLimits, batches } from './author/batches.ts'
export { eachAtMost } from './author/each-at-most.ts'
export { authHeader, httpService } from './author/http.ts'
export type { HttpAuth, HttpCall, HttpService, HttpServiceOptions } from './author/http-types.ts'
export { estimatedTokens, type ModelTokens, startModelCall } from './author/model-call.ts'
export { type ModelPrice, type ModelPrices, modelPrices } from './author/model-prices.ts'
export { type PageLink, pageFinding } from './author/page.ts'
export { plaintextKeyFindings, sendsKeyInPlaintext } from './author/plaintext-key.ts'
export { type ProbedModel, probeModel } from './author/probe-model.ts'
export { record } from './author/record.ts'
export { serviceFetch } from './author/service-fetch.ts'
export { traceOperation } from './author/trace-operation.ts'
export { urlMetadata } from './author/url-metadata.ts'
export type {
  EndStatus,
  Instrument,
  InstrumentContext,
  ObservedRun,
  ObservedStep,
  RunObserver,
  StepEnd,
  StepObserver,
} from './definitions/instrument.ts'
export type { ProbeContext } from './definitions/resource.ts'
export type { OpenTraceDestination, TraceDestination, TracedSpan } from './definitions/trace-destination.ts'
export { type Finding, failedFinding, finding } from './metadata/finding.ts'
export { type JsonLimits, type JsonLoss, jsonLoss, lossText } from './metadata/json-loss.ts'
export { checkedHttpUrl, deepLink, isHttpUrl } from './metadata/links.ts'
export type { Json, MetadataType } from './metadata/metadata-value.ts'
export type { WireMetadata } from './metadata/normalize.ts'
export { type ObservationField, type ObservationFieldName, observationFields } from './metadata/observation-fields.ts'
export type { TraceUrls } from './metadata/observe.ts'
export type {
  FoundDocument,
  ObservedOperation,
  Operation,
  OperationEnd,
  OperationFacts,
  OperationKind,
  OperationResult,
  TokenUsage,
  TracedContent,
} from './metadata/operations.ts'
export type { CallEnd, CallObserver, CallTracker, Database, OperationObserver, OutgoingCall } from './metadata/outgoing-calls.ts'
export { redact } from './metadata/redaction/redact.ts'
export { type HttpFailure, ServiceError } from './metadata/service-error.ts'
export type { ModelUse } from './metadata/spending.ts'
