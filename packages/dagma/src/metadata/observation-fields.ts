import type { MetadataType, MetadataTypes } from './metadata-value.ts'

/** When a field is there. */
export type FieldPresence =
  /** On every materialization, observation and failed step. */
  | 'every'
  /** On every materialization and observation. */
  | 'always'
  /** On every materialization whose value was stored by an IO manager that reports its size. */
  | 'stored'
  /** On every materialization of an asset that talks to the system, whichever form served. */
  | 'system'
  /** As `system`, but only where the real system served: never with a local backend. */
  | 'server'
  /** Where the asset, or what it talks to, has it to tell. */
  | 'optional'
  /** On every failed step. */
  | 'failure'
  /** On a step that failed because a call to a system failed. */
  | 'failed-call'

/** One field of the observation field specification. */
export interface ObservationField {
  /** Types that its metadata value may have. */
  readonly types: readonly MetadataType[]
  readonly unit: 'ms' | 'bytes' | 'items' | 'tries' | 'tokens' | 'characters' | 'currency' | null
  readonly meaning: string
  readonly presence: FieldPresence
  /** Key of the system that it belongs to, and the operations, when it is not all of them. Absent: it belongs to none. */
  readonly of?: { readonly system: 'mlflow' | 'qdrant' | 'langflow' | 'openai'; readonly operations?: readonly string[] }
  /** Whether it is in the metadata. */
  readonly metadata: boolean
  /** Name of the span attribute with the same value; null when there is none. */
  readonly spanAttribute: string | null
  /** Name of the metric, or of a metric's label, with the same value, in base units; null when there is none. */
  readonly metric: string | null
}

const count = (meaning: string, more: Partial<Omit<ObservationField, 'types'>> = {}) =>
  ({ types: ['int'], unit: 'items', meaning, presence: 'optional', metadata: true, spanAttribute: null, metric: null, ...more }) as const

const link = (meaning: string, presence: FieldPresence, of: ObservationField['of'] & {}) =>
  ({ types: ['url'], unit: null, meaning, presence, of, metadata: true, spanAttribute: null, metric: null }) as const

const text = (meaning: string, presence: FieldPresence, more: Partial<Omit<ObservationField, 'types'>> = {}) =>
  ({ types: ['text'], unit: null, meaning, presence, metadata: true, spanAttribute: null, metric: null, ...more }) as const

/**
 * The observation field specification: what a materialization, an observation or a failed step reports about itself, under which name and in which
 * unit. One table for metadata, traces and metrics. A test holds `docs/observation-fields.md` and the example project's runs against it.
 * @example
 * ```ts
 * console.log(observationFields.latency_ms.unit)
 * ```
 */
export const observationFields = {
  event_type: text('What happened: `materialization`, `observation` or `failure`.', 'every', { spanAttribute: 'dagma.event_type' }),
  status: text('How it ended: `success`, or on a failed step `failure` or `canceled`.', 'every', {
    spanAttribute: 'dagma.status',
    metric: 'label status of dagma_step_duration_seconds and dagma_runs_total',
  }),
  retry_count: count('How often the step had been attempted before; 0 on the first attempt.', {
    unit: 'tries',
    presence: 'every',
    spanAttribute: 'dagma.retry_count',
  }),
  latency_ms: {
    types: ['float'],
    unit: 'ms',
    meaning: "How long the asset's function ran.",
    presence: 'always',
    metadata: true,
    spanAttribute: null,
    metric: 'dagma_step_duration_seconds',
  },
  size_bytes: count('Size of the stored value.', {
    unit: 'bytes',
    presence: 'stored',
    spanAttribute: 'dagma.size_bytes',
    metric: 'dagma_output_bytes',
  }),
  trace_url: {
    ...text('Page of the trace that the run is in, where traces are on and `DAGMA_TRACE_URL_TEMPLATE` is set.', 'optional'),
    types: ['url'],
  },
  mlflow_trace_url: {
    ...text('Page of the trace in MLflow, where traces are sent there.', 'optional'),
    types: ['url'],
  },
  error_type: text("Name of the error, or the permanent code of an error of Dagma's own.", 'failure', { spanAttribute: 'error.type' }),
  error_summary: text('What went wrong: the first line of the error, redacted; never a body or a header.', 'failure', {
    spanAttribute: 'exception.message',
  }),
  system: text('Name of the system to which a call failed.', 'failed-call', { spanAttribute: 'dagma.system' }),
  http_status: count('HTTP status of the response; absent when there was none.', {
    unit: null,
    spanAttribute: 'http.response.status_code',
  }),

  backend: text('The backend used: `local`, or the name of the system: `mlflow`, `qdrant`, `langflow`, `openai`, `ai`.', 'system', {
    spanAttribute: 'dagma.backend',
  }),
  operation: text(
    'What the asset did there: `track run`, `upsert points`, `query points`, `run flow`, `embed texts`, `generate text`. On a failed step: the call that failed.',
    'system',
    {
      spanAttribute: 'dagma.operation',
    },
  ),
  collection: text('The Qdrant collection.', 'system', { of: { system: 'qdrant' }, spanAttribute: 'db.collection.name' }),
  default_flow_id: text('The LangFlow flow that runs when a call names none.', 'optional', { of: { system: 'langflow' } }),
  model: text('The embedding model, or the language model that answered.', 'system', {
    of: { system: 'openai' },
    spanAttribute: 'gen_ai.request.model',
  }),

  count: count('How many items the value has.'),
  input_count: count('How many items went in.'),
  params_count: count('How many params the MLflow run has.', { of: { system: 'mlflow' } }),
  metrics_count: count('How many metrics the MLflow run has.', { of: { system: 'mlflow' } }),
  points_count: count('How many points were stored.', { of: { system: 'qdrant' } }),
  returned: count('How many points were found.', { of: { system: 'qdrant' } }),
  outputs_count: count('How many outputs the flow has.', { of: { system: 'langflow' } }),
  texts_count: count('How many texts were embedded.'),
  documents_count: count('How many documents they come from.'),
  dimensions: count('How many numbers a vector has.'),
  answer_characters: count("Length of the flow's answer.", { unit: 'characters', of: { system: 'langflow' } }),
  prompt_tokens: count('Tokens that the endpoint counted in the texts or the prompts.', {
    unit: 'tokens',
    presence: 'server',
    of: { system: 'openai' },
    spanAttribute: 'gen_ai.usage.input_tokens',
  }),
  total_tokens: count('Tokens that the endpoint counted in all.', {
    unit: 'tokens',
    presence: 'server',
    of: { system: 'openai' },
  }),

  completion_tokens: count('Tokens that the endpoint counted in the answers of a language model.', {
    unit: 'tokens',
    spanAttribute: 'gen_ai.usage.output_tokens',
  }),
  cost: {
    types: ['float', 'int'],
    unit: 'currency',
    meaning: 'What the models that the asset called cost, by the prices in `model-prices.json`; absent when one has no price.',
    presence: 'optional',
    metadata: true,
    spanAttribute: 'dagma.cost',
    metric: 'dagma_model_cost_total',
  },
  generations_count: count('How many answers a language model gave.'),
  model_calls: count('How often the language model was called; several times for an answer with tools.'),
  cached_calls: count('How many of those calls the cache answered.'),
  finish_reason: text('Why the answer of a language model ended: `stop`, `length` and others.', 'optional'),
  model_latency_ms: {
    types: ['float'],
    unit: 'ms',
    meaning: 'How long the answers of a language model took, one after the other.',
    presence: 'optional',
    metadata: true,
    spanAttribute: null,
    metric: null,
  },

  preview: { ...text('A small sample of plain numbers or structured values; never texts or whole vectors.', 'optional'), types: ['json'] },
  result: { ...text('The value itself, where it is one number.', 'optional'), types: ['int', 'float'] },
  artifact_uploaded: {
    ...text('Whether an artifact was stored with the MLflow run.', 'optional', { of: { system: 'mlflow' } }),
    types: ['bool'],
  },

  mlflow_tracking_uri: {
    ...text('Where the MLflow run is kept: a url when it is http or https, otherwise text.', 'system', { of: { system: 'mlflow' } }),
    types: ['url', 'text'],
  },
  mlflow_run_url: link('Page of the MLflow run. Absent also when no http or https base is known.', 'server', { system: 'mlflow' }),
  mlflow_experiment_url: link("Page of the run's experiment. Absent as `mlflow_run_url`.", 'server', { system: 'mlflow' }),
  qdrant_collection_url: link('The collection, for `GET` with the key.', 'server', { system: 'qdrant', operations: ['upsert points'] }),
  qdrant_search_endpoint: link("The collection's query endpoint, for `POST` with the key.", 'server', {
    system: 'qdrant',
    operations: ['query points'],
  }),
  qdrant_dashboard_url: link("Page of the collection in Qdrant's own UI.", 'optional', { system: 'qdrant' }),
  langflow_ui_url: link("Root of LangFlow's UI.", 'server', { system: 'langflow' }),
  langflow_flow_url: link('Page of the flow, where the flow is named by its id.', 'optional', { system: 'langflow' }),
} as const satisfies { readonly [name: string]: ObservationField }

/** Name of a field of {@link observationFields}. */
export type ObservationFieldName = keyof typeof observationFields

/** Values of the fields, by name: what {@link observationFields} says of their types. */
export type ObservationMetadata = {
  readonly [Name in ObservationFieldName]?: MetadataTypes[(typeof observationFields)[Name]['types'][number]]
}
