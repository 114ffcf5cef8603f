import type { Finding } from '../metadata/finding.ts'
import type { Json } from '../metadata/metadata-value.ts'
import type { TraceUrls } from '../metadata/observe.ts'
import type { ProbeContext } from './resource.ts'

/** A system that takes traces over OTLP beside the collector, for `openTelemetry({ destinations })`. Made by an integration: `mlflowTraces()`. */
export interface TraceDestination {
  /** Name of the system, for warnings: `MLflow`. */
  readonly system: string
  /** Whether traces are to be sent there, by what the environment says now. Opens nothing. */
  readonly isOn: () => boolean
  /**
   * Finds out where the traces of a run go; called when a run begins.
   * @throws when that cannot be found out: the run then has no trace there, and one warning
   */
  readonly open: (signal: AbortSignal) => Promise<OpenTraceDestination>
  /** Its findings of `dagma doctor`. */
  readonly probe?: (context: ProbeContext) => Promise<readonly Finding[]>
}

/** Where the traces of a run go. */
export interface OpenTraceDestination {
  /** Takes OTLP over HTTP, as protobuf. */
  readonly url: string
  /** Sent along with each request, made then: secrets are revealed for it. */
  readonly headers: () => Readonly<Record<string, string>>
  /** Pages of a trace there. */
  readonly traceUrls: (traceId: string) => TraceUrls
  /** Data of a span that the system needs besides its attributes. */
  readonly attributes: (span: TracedSpan) => { readonly [name: string]: Json }
}

/** A span that has ended. It has passed the exit gate. */
export interface TracedSpan {
  /** `run` is the root of the trace. */
  readonly kind: 'run' | 'step' | 'call' | 'embedding' | 'retrieval' | 'generation' | 'tool'
  readonly attributes: { readonly [name: string]: unknown }
}
