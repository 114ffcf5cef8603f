import { appendFileSync, readFileSync } from 'node:fs'
import {
  contextVariable,
  decodeParam,
  messagesVariable,
  type PipesContextData,
  type PipesMessage,
  type PipesMessageWriter,
} from './protocol.ts'
import { PipesSession } from './session.ts'

/**
 * Opens the Pipes session that a Pipes client of Dagster started this process for, from the environment: context inline or in a file;
 * messages to a file, stdout or stderr.
 * @throws Error when this process was not started by a Pipes client.
 */
export function openPipes(environment: NodeJS.ProcessEnv = process.env): PipesSession {
  return new PipesSession(loadContext(param(environment, contextVariable)), messageWriter(param(environment, messagesVariable)))
}

/** The context that bootstrap parameters of the default context loader lead to. */
export function loadContext(params: PipesParams): PipesContextData {
  if (typeof params.path === 'string') return JSON.parse(readFileSync(params.path, 'utf8'))
  if (typeof params.data === 'object' && params.data !== null) return params.data as PipesContextData
  throw new Error(`${contextVariable} names neither a path nor data: this context injector is not supported.`)
}

type PipesParams = { readonly [key: string]: unknown }

function param(environment: NodeJS.ProcessEnv, variable: string): PipesParams {
  const text = environment[variable]
  if (text === undefined) throw new Error(`${variable} is not set: this process was not started by a Dagster Pipes client.`)
  return decodeParam(text) as PipesParams
}

function messageWriter(params: PipesParams): PipesMessageWriter {
  const { path, stdio } = params
  if (typeof path === 'string') return { write: (message) => appendFileSync(path, line(message)) }
  if (stdio === 'stdout' || stdio === 'stderr') return { write: (message) => void process[stdio].write(line(message)) }
  throw new Error(`${messagesVariable} names neither a path nor stdio: this message reader is not supported.`)
}

function line(message: PipesMessage): string {
  return `${JSON.stringify(message)}\n`
}
