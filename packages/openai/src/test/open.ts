import type { ResourceContext } from 'dagma'
import { type Embeddings, type EmbeddingsSettings, embeddings } from '../index.ts'

/** Opens the resource as a host does. */
export async function open(
  settings: EmbeddingsSettings | (() => EmbeddingsSettings),
  context: Partial<ResourceContext> = {},
): Promise<Embeddings> {
  const quiet = () => {}
  const opened = await embeddings(settings).open({
    runId: 'dagster-run-1',
    projectFolder: '/nowhere',
    log: { debug: quiet, info: quiet, warning: quiet, error: quiet, critical: quiet },
    signal: new AbortController().signal,
    ...context,
  })
  return opened.client
}
