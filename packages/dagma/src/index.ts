export {
  type AnyResourceType,
  type Asset,
  type AssetContext,
  type AssetOptions,
  asset,
  type Inputs,
  type Requirements,
  type Returned,
  type ValueOf,
} from './definitions/asset.ts'
export type { AssetKey, AssetKeyInput } from './definitions/asset-key.ts'
export type { SourcePlace } from './definitions/call-site.ts'
export { type Definitions, type DefinitionsOptions, definitions, type ResourcesFor } from './definitions/definitions.ts'
export type { IOContext, IOManager, StoredValue } from './definitions/io-manager.ts'
export { type Job, job } from './definitions/job.ts'
export { MaterializeResult, materializeResult } from './definitions/materialize-result.ts'
export {
  type ClientOf,
  type OpenResource,
  type Resource,
  type ResourceContext,
  type ResourceType,
  resource,
} from './definitions/resource.ts'
export { type Schedule, schedule } from './definitions/schedule.ts'
export type { LogLevel, StepLog } from './definitions/step-log.ts'
export type { Materialization } from './engine/event-log.ts'
export type { EventBody, Run, RunEvent, RunStatus } from './engine/events.ts'
export type { RunResult } from './engine/execute-run.ts'
export { type MaterializeOptions, type MaterializeRun, materialize } from './engine/materialize.ts'
export type { RunConfig } from './engine/plan.ts'
export type { ErrorCode } from './error-catalogue.ts'
export { DagmaError, DefinitionErrors, type ErrorKind } from './errors.ts'
export {
  type Json,
  type Metadata,
  type MetadataInput,
  type MetadataType,
  type MetadataTypes,
  MetadataValue,
  type Table,
  type TableColumn,
  type TableColumnLineage,
  type TableSchema,
} from './metadata/metadata-value.ts'
export type { WireMetadata, WireMetadataValue } from './metadata/normalize.ts'
export { type Secret, secret } from './metadata/secret.ts'
export type { WireError } from './runtime/exit-gate.ts'
