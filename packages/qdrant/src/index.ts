export type {
  Qdrant,
  QdrantCollection,
  QdrantCollectionInfo,
  QdrantCollectionState,
  QdrantCollections,
  QdrantHit,
  QdrantOperation,
  QdrantPage,
  QdrantPayload,
  QdrantPoint,
  QdrantPoints,
  QdrantRecord,
  QdrantScroll,
  QdrantSelection,
} from './client.ts'
export type { QdrantCondition, QdrantDateRange, QdrantFieldCondition, QdrantFilter, QdrantMatch, QdrantRange } from './filter.ts'
export { type KeywordVectorOptions, keywordVector } from './keyword-vector.ts'
export { type QdrantLinks, qdrantLinks } from './links.ts'
export { pointId } from './point-id.ts'
export type {
  QdrantBounds,
  QdrantFusion,
  QdrantOffset,
  QdrantPrefetch,
  QdrantQuery,
  QdrantRrf,
  QdrantSearch,
  QdrantTarget,
} from './query.ts'
export { qdrant, qdrantCollections } from './resource.ts'
export type {
  QdrantDenseName,
  QdrantPayloadIndex,
  QdrantPointVector,
  QdrantSchema,
  QdrantSparseName,
  QdrantSparseVectors,
  QdrantUnnamed,
  QdrantVectors,
} from './schema.ts'
export { type QdrantServerSettings, type QdrantSettings, QdrantSettingsError, qdrantFromEnv, qdrantServerFromEnv } from './settings.ts'
export type { Distance, PointId, QdrantSparseVector, StoredId } from './wire.ts'
