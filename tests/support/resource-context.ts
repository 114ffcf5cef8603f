import type { ResourceContext } from 'dagma'

/** Parts of a resource's context that a test sets; `warnings` gets what the resource warns of. */
export type ContextParts = Partial<ResourceContext> & { readonly warnings?: string[] }

/** Keeps nothing. */
export const noStorage: ResourceContext['storage'] = { load: async () => undefined, store: async () => {} }

/** The context in which a host opens a resource. */
export function resourceContext({ warnings = [], ...rest }: ContextParts = {}): ResourceContext {
  const quiet = () => {}
  const log = {
    debug: quiet,
    info: quiet,
    warning: (message: unknown) => void warnings.push(String(message)),
    error: quiet,
    critical: quiet,
  }
  return { runId: 'dagster-run-1', projectFolder: '/nowhere', log, signal: new AbortController().signal, storage: noStorage, ...rest }
}
