/** The Dagster Pipes protocol, version 0.1, as types. https://docs.dagster.io/guides/build/external-pipelines */
import { deflateSync, inflateSync } from 'node:zlib'

/** Environment variables that a Pipes client sets. */
export const contextVariable = 'DAGSTER_PIPES_CONTEXT'
export const messagesVariable = 'DAGSTER_PIPES_MESSAGES'

/** The parameters from a context injector or message reader of Dagster: the locations of the context and of the messages. */
export type PipesParams = { readonly [key: string]: unknown }

/** Dagster's data about the step of a Pipes process, in its wire format. */
export interface PipesContextData {
  /** Keys of the assets to make, "/" between their parts; null outside an asset. */
  readonly asset_keys: readonly string[] | null
  readonly code_version_by_asset_key: { readonly [asset: string]: string | null } | null
  readonly provenance_by_asset_key: { readonly [asset: string]: PipesProvenanceData | null } | null
  readonly partition_key: string | null
  readonly partition_key_range: { readonly start: string; readonly end: string } | null
  readonly partition_time_window: { readonly start: string; readonly end: string } | null
  readonly run_id: string
  readonly job_name: string | null
  /** 0 for the first attempt. */
  readonly retry_number: number
  /** The extras that the Python side of the session passed. */
  readonly extras: { readonly [key: string]: unknown }
}

/** The data versions an asset was last materialized with, as it stands on the wire. */
export interface PipesProvenanceData {
  readonly code_version: string
  readonly input_data_versions: { readonly [asset: string]: string }
  readonly is_user_provided: boolean
}

/** Kind of a message to Dagster. */
export type PipesMethod =
  | 'opened'
  | 'log'
  | 'log_external_stream'
  | 'report_asset_materialization'
  | 'report_asset_check'
  | 'report_custom_message'
  | 'closed'

/** A message to Dagster. */
export interface PipesMessage {
  readonly __dagster_pipes_version: '0.1'
  readonly method: PipesMethod
  readonly params: { readonly [key: string]: unknown }
}

/** Takes messages to Dagster, in order. */
export interface PipesMessageWriter {
  /** Takes a message: one line of JSON in ASCII, without a line break at its end. Secrets have been taken out. */
  write(line: string): void
  /** Ends the writer, after the last message: resolves when all of them have arrived. */
  close(): Promise<void>
  /** Data that is sent with the `opened` message, for the message reader on the other side. */
  readonly openedExtras?: { readonly [key: string]: unknown }
}

/** A message as a line of JSON. Only ASCII, as Python writes it: whatever reads it need not know the encoding. */
export function messageLine(message: PipesMessage): string {
  return JSON.stringify(message).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** A Pipes parameter as it is in an environment variable: base64 of zlib of JSON. */
export function encodeParam(value: unknown): string {
  return deflateSync(JSON.stringify(value)).toString('base64')
}

/** The value of a Pipes parameter. Throws when the text is none. */
export function decodeParam(text: string): unknown {
  return JSON.parse(inflateSync(Buffer.from(text, 'base64')).toString('utf8'))
}
