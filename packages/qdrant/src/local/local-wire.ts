import { join } from 'node:path'
import { type HttpCall, ServiceError } from 'dagma/author'
import type { Wire } from '../wire.ts'
import { LocalDatabase } from './database.ts'
import { countPoints, deletePoints, queryPoints, retrievePoints, scrollPoints, upsertPoints } from './points.ts'
import { asObject, badRequest, notLocal, onlyMembers, Refusal } from './refusal.ts'
import { isDistance } from './vectors.ts'

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

/** What a call throws: refusals and SQLite's errors as a ServiceError, anything else as it is. */
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
  const below = rest.join('/')
  if (root === 'collections' && name !== '' && below === '') return answerCollection(db, method, name, json)
  const request = `${method} ${below}`
  if (root !== 'collections' || !(request in onPoints)) throw notLocal(`operation ${method} ${path}`)
  const { kind, answer } = onPoints[request as keyof typeof onPoints]
  return db.transaction(kind, () => answer(db, db.collection(name), asObject(json, 'the body')))
}

function answerCollection(db: LocalDatabase, method: string, name: string, json: unknown): unknown {
  switch (method) {
    case 'GET': {
      const { size, distance } = db.collection(name)
      return { status: 'green', config: { params: { vectors: { size, distance } } } }
    }
    case 'PUT': {
      const body = asObject(json, 'the body')
      onlyMembers(body, ['vectors'], 'collection option')
      const vectors = asObject(body['vectors'], 'vectors')
      onlyMembers(vectors, ['size', 'distance'], 'option of vectors')
      const { size, distance } = vectors
      if (!Number.isInteger(size) || (size as number) < 1 || (size as number) > 65_536)
        throw badRequest('the size of vectors must be a whole number from 1 to 65,536')
      if (!isDistance(distance)) throw badRequest('the distance must be Cosine, Dot, Euclid or Manhattan')
      db.transaction('IMMEDIATE', () => db.createCollection(name, size as number, distance))
      return true
    }
    case 'DELETE':
      return db.transaction('IMMEDIATE', () => db.dropCollection(name))
    default:
      throw notLocal(`operation ${method} on a collection`)
  }
}
