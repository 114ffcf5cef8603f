/** The types of the AI SDK's model interface, which `ai` itself names only through its middleware. */
import type { LanguageModelMiddleware, wrapLanguageModel } from 'ai'

/** A model of the AI SDK, of the current version of its interface. */
export type Model = ReturnType<typeof wrapLanguageModel>
type Wrapped = Parameters<NonNullable<LanguageModelMiddleware['wrapGenerate']>>[0]
/** The options of a model call. */
export type CallOptions = Wrapped['params']
/** The result of a model call. */
export type CallResult = Awaited<ReturnType<Wrapped['doGenerate']>>
/** The result of a streamed model call. */
export type StreamResult = Awaited<ReturnType<Wrapped['doStream']>>
/** A part of it. */
export type StreamPart = StreamResult['stream'] extends ReadableStream<infer Part> ? Part : never
