import type { Metadata } from 'dagma'
import type { Json } from 'dagma/author'

/** One call to a flow. */
export interface FlowCall {
  /** Id or endpoint name of the flow. Default: the resource's `defaultFlowId`. */
  readonly flow?: string
  /** The value of the flow's input component. */
  readonly input: string
  /** Kind of input component. Default `chat`. */
  readonly inputType?: 'chat' | 'text' | 'any'
  /**
   * Kind of output component whose answers are wanted. Default `chat`. LangFlow counts data and tables as none of them: where a flow ends in those,
   * `debug` gives the outputs of all its components.
   */
  readonly outputType?: 'chat' | 'text' | 'any' | 'debug'
  /** Changes to the settings of the flow's components, by component id or name. */
  readonly tweaks?: { readonly [component: string]: Json }
  /** The conversation that it belongs to. Default: LangFlow takes the flow's id. */
  readonly sessionId?: string
  /** Aborts the call. Hand over the step's own `signal`. */
  readonly signal?: AbortSignal
}

/** One output of a component of the flow. */
export interface FlowOutput {
  /** Id of the component, such as `ChatOutput-x1Y2z`; empty when LangFlow did not say. */
  readonly component: string
  /** Name of the component's output, such as `message` or `dataframe`. */
  readonly name: string
  /** A message as its text, data as an object, a table as a list of its rows, a list as one of these. */
  readonly value: Json
  /** Its text, where it is a message or has one. */
  readonly text: string | undefined
}

/** The answer of a flow: its outputs, not LangFlow's whole response, which can be very large. */
export interface FlowAnswer {
  /** The first text; empty when there is none: data, tables and lists are in `outputs`. */
  readonly text: string
  /** One text for each component that has one. */
  readonly texts: readonly string[]
  /** Everything that the flow's components gave, of the type that the call names. */
  readonly outputs: readonly FlowOutput[]
  readonly sessionId: string
  /** How many components gave outputs, with a text or without. */
  readonly outputsCount: number
}

/** The operations of a server and of the stub, for {@link Langflow}. */
export type LangflowCalls = Pick<Langflow, 'health' | 'version'> & {
  runFlow(flow: string, call: FlowCall): Promise<FlowAnswer>
}

/** LangFlow: real or the stub, by the same interface. */
export interface Langflow {
  /** The backend in use: `langflow` or `local`. */
  readonly backend: 'langflow' | 'local'
  /** The flow that is run when a call names none. */
  readonly defaultFlowId: string | undefined
  /**
   * Runs a flow and waits for its answer. It is retried only when the server did not accept it: a flow may cost money.
   * @throws ServiceError when the call fails, a component of the flow reports an error, or the answer is not that of a flow.
   */
  runFlow(call: FlowCall): Promise<FlowAnswer>
  /** Whether the server says that it is well. Throws a ServiceError when it does not answer, which says why. */
  health(): Promise<boolean>
  /** The server's version; `local` for the stub. */
  version(): Promise<string>
  /**
   * Metadata for an asset: `backend`, `operation` (`run flow`), `default_flow_id` when there is one, and links: `langflow_ui_url` (the UI's root) and
   * `langflow_flow_url` (the page of the flow, by default the default one). The stub gives no link.
   */
  metadata(flow?: string): Metadata
}
