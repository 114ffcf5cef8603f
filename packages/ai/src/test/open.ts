import type { ResourceStorage } from 'dagma'
import { type ContextParts, resourceContext } from '../../../../tests/support/resource-context.ts'
import { type LanguageModelClient, type LanguageModelSettings, languageModel } from '../index.ts'

/** Opens the resource as a host does. */
export async function open(
  settings: LanguageModelSettings | (() => LanguageModelSettings),
  context: ContextParts = {},
): Promise<LanguageModelClient> {
  return (await languageModel(settings).open(resourceContext(context))).client
}

/** Keeps values in memory, as JSON. */
export function memoryStorage(): ResourceStorage & { readonly texts: Map<string, string> } {
  const texts = new Map<string, string>()
  return {
    texts,
    load: async (key) => {
      const text = texts.get(key.join('/'))
      return text === undefined ? undefined : JSON.parse(text)
    },
    store: async (key, value) => void texts.set(key.join('/'), JSON.stringify(value)),
  }
}

/** The parts of a stream, together. */
export async function joined(stream: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const part of stream) text += part
  return text
}
