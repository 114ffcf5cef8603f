import type { Json, Metadata } from 'dagma'

/** One call of a flow. */
export interface FlowCall {
  /** Id or endpoint name of the flow. Default: the resource's `defaultFlowId`. */
  readonly flow?: string
  /** What is put into the flow's input component. */
  readonly input: string
  /** Kind of input component. Default `chat`. */
  readonly inputType?: 'chat' | 'text' | 'any'
  /** Kind of output component whose answers are wanted. Default `chat`. */
  readonly outputType?: 'chat' | 'text' | 'any' | 'debug'
  /** Changes to the settings of the flow's components, by component id or name. */
  readonly tweaks?: { readonly [component: string]: Json }
  /** The conversation that it belongs to. Default: LangFlow takes the flow's id. */
  readonly sessionId?: string
  /** Aborts the call. Hand over the step's own `signal`. */
  readonly signal?: AbortSignal
}

/** What a flow answered: its texts, not LangFlow's whole response, which can be very large. */
export interface FlowAnswer {
  /** The first text; empty when there is none. */
  readonly text: string
  /** One text for each output that has one. */
  readonly texts: readonly string[]
  readonly sessionId: string
  /** How many outputs there were, with a text or without. */
  readonly outputsCount: number
}

/** LangFlow: real or the stub, by the same interface. */
export interface Langflow {
  /** Which form serves: `langflow` or `local`. */
  readonly backend: 'langflow' | 'local'
  /** The flow that is run when a call names none. */
  readonly defaultFlowId: string | undefined
  /** Runs a flow and waits for its answer. It is tried again only when the server did not take it: a flow may cost money. */
  runFlow(call: FlowCall): Promise<FlowAnswer>
  /** Whether the server says that it is well. Throws a ServiceError when it does not answer, which says why. */
  health(): Promise<boolean>
  /** The server's version; `local` for the stub. */
  version(): Promise<string>
  /**
   * What an asset shows: `backend`, `operation` (`run flow`), `default_flow_id` when there is one, and links: `langflow_ui_url` (the UI's root) and
   * `langflow_flow_url` (the page of the flow, by default the default one). The stub gives no link.
   */
  metadata(flow?: string): Metadata
}
