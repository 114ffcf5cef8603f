import type { ResourceContext } from 'dagma'
import { type Embeddings, type EmbeddingsSettings, embeddings } from '../index.ts'

/** Opens the resource as a host does; `warnings` gets what it warns of. */
export async function open(
  settings: EmbeddingsSettings | (() => EmbeddingsSettings),
  context: Partial<ResourceContext> & { warnings?: string[] } = {},
): Promise<Embeddings> {
  const { warnings = [], ...rest } = context
  const quiet = () => {}
  const log = { debug: quiet, info: quiet, warning: (message: string) => void warnings.push(message), error: quiet, critical: quiet }
  const opened = await embeddings(settings).open({
    runId: 'dagster-run-1',
    projectFolder: '/nowhere',
    log,
    signal: new AbortController().signal,
    ...rest,
  })
  return opened.client
}
