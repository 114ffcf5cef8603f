import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Resource } from 'dagma'
import { type ContextParts, resourceContext } from '../../../../tests/support/resource-context.ts'
import {
  type Qdrant,
  type QdrantCollections,
  type QdrantSchema,
  type QdrantServerSettings,
  type QdrantSettings,
  qdrant,
  qdrantCollections,
} from '../index.ts'

/** An opened resource, closed at the end of its block. */
export interface Opened<Client = Qdrant> extends AsyncDisposable {
  readonly client: Client
}

/** Opens the resource as a host does. */
export function open(settings: QdrantSettings, context: ContextParts = {}): Promise<Opened> {
  return opened(qdrant(settings), context)
}

/** Opens a resource of declared collections as a host does. */
export function openCollections<const Schemas extends { readonly [key: string]: QdrantSchema }>(
  schemas: Schemas,
  settings: QdrantServerSettings,
  context: ContextParts = {},
): Promise<Opened<QdrantCollections<Schemas>>> {
  return opened(qdrantCollections(schemas)(settings), context)
}

async function opened<Client>(bound: Resource<Client>, context: ContextParts): Promise<Opened<Client>> {
  const { client, close } = await bound.open(resourceContext(context))
  return { client, [Symbol.asyncDispose]: async () => close() }
}

/** A project's folder, removed at the end of its block. */
export function temporaryProject(): Disposable & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'dagma-qdrant-'))
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}
