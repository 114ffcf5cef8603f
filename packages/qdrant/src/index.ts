export type {
  Qdrant,
  QdrantCollectionInfo,
  QdrantHit,
  QdrantOperation,
  QdrantPage,
  QdrantParts,
  QdrantPayload,
  QdrantPoint,
  QdrantQuery,
  QdrantRecord,
  QdrantScroll,
  QdrantSelection,
  QdrantVectors,
} from './client.ts'
export type { QdrantCondition, QdrantDateRange, QdrantFieldCondition, QdrantFilter, QdrantMatch, QdrantRange } from './filter.ts'
export { type QdrantLinks, qdrantLinks } from './links.ts'
export { pointId } from './point-id.ts'
export { qdrant } from './resource.ts'
export { type QdrantSettings, QdrantSettingsError, qdrantFromEnv } from './settings.ts'
export type { Distance, PointId, StoredId } from './wire.ts'
