import { join } from 'node:path'
import { type HttpCall, ServiceError } from 'dagma/author'
import type { Wire } from '../wire.ts'
import { createCollection, createPayloadIndex, describeCollection, dropCollection } from './collections.ts'
import { LocalDatabase } from './database.ts'
import { countPoints, deletePoints, queryPoints, retrievePoints, scrollPoints, upsertPoints } from './points.ts'
import { asObject, notLocal, Refusal } from './refusal.ts'

/** The requests on a collection itself, by method and the path below it. */
const onCollection = {
  'GET ': describeCollection,
  'PUT ': createCollection,
  'DELETE ': dropCollection,
  'PUT index': createPayloadIndex,
} as const

/** The requests on the points of a collection, by method and the path below it. */
const onPoints = {
  'PUT points': { kind: 'IMMEDIATE', answer: upsertPoints },
  'POST points': { kind: 'DEFERRED', answer: retrievePoints },
  'POST points/query': { kind: 'DEFERRED', answer: queryPoints },
  'POST points/count': { kind: 'DEFERRED', answer: countPoints },
  'POST points/scroll': { kind: 'DEFERRED', answer: scrollPoints },
  'POST points/delete': { kind: 'IMMEDIATE', answer: deletePoints },
} as const

/**
 * Opens the local store of a project: it answers the requests of Qdrant's REST API that a client makes, and opens no socket.
 * @throws ServiceError when its file cannot be opened.
 */
export function openLocalWire(projectFolder: string, signal: AbortSignal): Wire & { readonly close: () => void } {
  const db = openDatabase(join(projectFolder, '.dagma', 'qdrant-local'))
  return {
    json: async <T>(call: HttpCall<T>): Promise<T> => {
      signal.throwIfAborted()
      try {
        return { result: answer(db, call), status: 'ok' } as T
      } catch (error) {
        const expected = error instanceof Refusal && call.expected?.({ status: error.status, answer: { status: { error: error.message } } })
        if (expected) return expected
        throw serviceError(call.operation, call.method, error)
      }
    },
    close: () => db.close(),
  }
}

function openDatabase(folder: string): LocalDatabase {
  try {
    return new LocalDatabase(folder)
  } catch (error) {
    if (error instanceof Refusal) throw serviceError('open the local store', 'OPEN', error)
    const reason = error instanceof Error ? error.message : 'it could not be opened'
    throw localFailure('open the local store', 'OPEN', reason, error)
  }
}

/** The error that a call throws: refusals and SQLite's errors as a ServiceError, anything else unchanged. */
function serviceError(operation: string, method: string, error: unknown): unknown {
  if (error instanceof Refusal) {
    const { status, message: reason, hint } = error
    return new ServiceError({ system: 'Qdrant', operation, method, url: '', status, reason, hint })
  }
  const { code, errstr } = error as { code?: string; errstr?: string }
  return code === 'ERR_SQLITE_ERROR' ? localFailure(operation, method, errstr ?? 'SQLite failed', error) : error
}

function localFailure(operation: string, method: string, reason: string, cause: unknown): ServiceError {
  const hint = 'Check the folder .dagma/qdrant-local of the project: space, rights, and what else uses it.'
  return new ServiceError({ system: 'Qdrant', operation, method, url: '', reason, hint }, cause)
}

function answer(db: LocalDatabase, { method, path, json }: HttpCall<never> | HttpCall): unknown {
  const [root, encoded = '', ...rest] = path.split('/')
  const name = decodeURIComponent(encoded)
  const request = `${method} ${rest.join('/')}`
  if (root !== 'collections' || name === '') throw notLocal(`operation ${method} ${path}`)
  if (request in onCollection) return onCollection[request as keyof typeof onCollection](db, name, json)
  if (!(request in onPoints)) throw notLocal(`operation ${method} ${path}`)
  const { kind, answer } = onPoints[request as keyof typeof onPoints]
  return db.transaction(kind, () => answer(db, db.collection(name), asObject(json, 'the body')))
}
