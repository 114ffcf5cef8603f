import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ContextParts, resourceContext } from '../../../../tests/support/resource-context.ts'
import { type Qdrant, type QdrantSettings, qdrant } from '../index.ts'

/** An opened resource, closed at the end of its block. */
export interface Opened extends AsyncDisposable {
  readonly client: Qdrant
}

/** Opens the resource as a host does. */
export async function open(settings: QdrantSettings, context: ContextParts = {}): Promise<Opened> {
  const opened = await qdrant(settings).open(resourceContext(context))
  return { client: opened.client, [Symbol.asyncDispose]: async () => opened.close() }
}

/** A project's folder, removed at the end of its block. */
export function temporaryProject(): Disposable & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'dagma-qdrant-'))
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}
