export type { QdrantCondition, QdrantFieldCondition, QdrantFilter, QdrantMatch, QdrantRange } from './filter.ts'
export { pointId } from './point-id.ts'
export type {
  PointId,
  Qdrant,
  QdrantCollectionInfo,
  QdrantHit,
  QdrantLinks,
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
} from './qdrant.ts'
export { qdrant } from './resource.ts'
export { type QdrantSettings, QdrantSettingsError, qdrantFromEnv, qdrantLinks } from './settings.ts'
export type { Distance, StoredId } from './wire.ts'
