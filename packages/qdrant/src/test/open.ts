import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ResourceContext } from 'dagma'
import { type Qdrant, type QdrantSettings, qdrant } from '../index.ts'

/** An opened resource, closed at the end of its block. */
export interface Opened extends AsyncDisposable {
  readonly client: Qdrant
}

/** Opens the resource as a host does; `warnings` gets what it warns of. */
export async function open(settings: QdrantSettings, context: Partial<ResourceContext> & { warnings?: string[] } = {}): Promise<Opened> {
  const { warnings = [], ...rest } = context
  const quiet = () => {}
  const log = { debug: quiet, info: quiet, warning: (message: string) => void warnings.push(message), error: quiet, critical: quiet }
  const opened = await qdrant(settings).open({ runId: 'r1', projectFolder: '/nowhere', log, signal: new AbortController().signal, ...rest })
  return { client: opened.client, [Symbol.asyncDispose]: async () => opened.close() }
}

/** A project's folder, removed at the end of its block. */
export function temporaryProject(): Disposable & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'dagma-qdrant-'))
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}
