import type { Metadata } from 'dagma'
import type { Generation } from './client.ts'

/** Several generations as one, that ends as the last one does. */
export function together(generations: readonly [Generation, ...Generation[]]): Generation {
  const sum = (number: (of: Generation) => number): number => generations.reduce((total, one) => total + number(one), 0)
  const last = generations.at(-1) ?? generations[0]
  const counted = generations.filter(({ calls, cachedCalls }) => calls > cachedCalls)
  const known = counted.length > 0 && counted.every(({ usage }) => usage !== undefined)
  const tokens = (name: 'inputTokens' | 'outputTokens' | 'totalTokens' | 'cachedInputTokens'): number =>
    sum(({ usage }) => usage?.[name] ?? 0)
  return {
    ...last,
    usage: known
      ? {
          inputTokens: tokens('inputTokens'),
          outputTokens: tokens('outputTokens'),
          totalTokens: tokens('totalTokens'),
          cachedInputTokens: tokens('cachedInputTokens'),
        }
      : undefined,
    cost: generations.every(({ cost }) => cost !== undefined) ? sum(({ cost }) => cost ?? 0) : undefined,
    latencyMs: sum(({ latencyMs }) => latencyMs),
    calls: sum(({ calls }) => calls),
    cachedCalls: sum(({ cachedCalls }) => cachedCalls),
    toolCalls: generations.flatMap(({ toolCalls }) => toolCalls),
  }
}

/** Metadata for an asset about generations. */
export function metadataOf(backend: 'ai' | 'local', model: string, generations: readonly Generation[]): Metadata {
  const [first, ...rest] = generations
  const whole = first && together([first, ...rest])
  return {
    backend,
    operation: 'generate text',
    model: whole?.model ?? model,
    generations_count: generations.length,
    model_calls: whole?.calls ?? 0,
    cached_calls: whole?.cachedCalls ?? 0,
    finish_reason: generations.length === 1 ? whole?.finishReason : undefined,
    model_latency_ms: whole && Math.round(whole.latencyMs * 1000) / 1000,
    cost: whole?.cost === undefined ? undefined : Number(whole.cost.toPrecision(12)),
    prompt_tokens: whole?.usage?.inputTokens,
    completion_tokens: whole?.usage?.outputTokens,
    total_tokens: whole?.usage?.totalTokens,
  }
}
