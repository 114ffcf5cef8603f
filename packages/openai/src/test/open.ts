import { type ContextParts, resourceContext } from '../../../../tests/support/resource-context.ts'
import { type Embeddings, type EmbeddingsSettings, embeddings } from '../index.ts'

/** Opens the resource as a host does. */
export async function open(settings: EmbeddingsSettings | (() => EmbeddingsSettings), context: ContextParts = {}): Promise<Embeddings> {
  return (await embeddings(settings).open(resourceContext(context))).client
}
