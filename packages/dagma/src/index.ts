/**
 * The API for users of assets: the functions that declare, run and describe them, and the types that users have to write somewhere (what a function of
 * theirs gets or returns, and what an exported declaration is). Integrations have `dagma/author` beside it.
 */

export { type Asset, type AssetContext, asset } from './definitions/assets/asset.ts'
export { type AssetCheck, type AssetCheckContext, assetCheck } from './definitions/assets/asset-check.ts'
export type { AssetKey, AssetKeyInput } from './definitions/assets/asset-key.ts'
export {
  type AssetRef,
  type AssetSpecOptions,
  type Dep,
  type DepWithMapping,
  mapped,
  type ValueOf,
} from './definitions/assets/asset-spec.ts'
export type {
  BackfillOptions,
  BackfillPolicy,
} from './definitions/assets/backfill.ts'
export type { Budget, BudgetPeriod } from './definitions/assets/budget.ts'
export { type ExternalAsset, externalAsset } from './definitions/assets/external-asset.ts'
export { Failure } from './definitions/assets/failure.ts'
export {
  type IOContext,
  type IOManager,
  type LoadedValue,
  type StoredValue,
  type TypedIOManager,
  typedIOManager,
  type ValueIdentity,
} from './definitions/assets/io-manager.ts'
export type { BatchedItemsOptions, ItemsOptions, RunItems } from './definitions/assets/items.ts'
export { type MultiAsset, type MultiAssetContext, multiAsset } from './definitions/assets/multi-asset.ts'
export { type ObservableAsset, observableAsset } from './definitions/assets/observable-asset.ts'
export {
  type CheckResult,
  type MaterializeResult,
  type MaterializeResultOptions,
  materializeResult,
  type ObserveResult,
} from './definitions/assets/results.ts'
export { type RetryPolicy, retryPolicy } from './definitions/assets/retry-policy.ts'
export type { StepLog } from './definitions/assets/step-log.ts'
export type { Stored } from './definitions/assets/stored.ts'
export { AutomationCondition } from './definitions/automation/automation-condition.ts'
export { type HookContext, type Job, job, type RunConfig, type RunTags } from './definitions/automation/job.ts'
export { type RunRequest, runRequest, type SkipReason, skipReason } from './definitions/automation/run-request.ts'
export { type Schedule, type ScheduleContext, type ScheduledPartitions, schedule } from './definitions/automation/schedule.ts'
export { type Sensor, type SensorContext, type SensorResult, sensor } from './definitions/automation/sensor.ts'
export { definitions } from './definitions/definitions.ts'
export type { Executor, ExecutorName, ExecutorOptions, OpTags } from './definitions/executor.ts'
export type { AnyAsset, Definitions } from './definitions/model.ts'
export type { PartitionKeyRange, PartitionRangeContext, PartitionTimeWindow } from './definitions/partitions/partition-context.ts'
export { PartitionMapping } from './definitions/partitions/partition-mapping.ts'
export type {
  DynamicPartitions,
  MultiPartitions,
  PartitionsDefinition,
  StaticPartitions,
  TimePartitions,
} from './definitions/partitions/partition-types.ts'
export {
  dailyPartitions,
  dynamicPartitions,
  hourlyPartitions,
  monthlyPartitions,
  multiPartitions,
  staticPartitions,
  timeWindowPartitions,
  weeklyPartitions,
} from './definitions/partitions/partitions.ts'
export {
  type ClientOf,
  type Resource,
  type ResourceContext,
  type ResourceStorage,
  type ResourceType,
  resource,
} from './definitions/resource.ts'
export type { RunEvent, RunStatus } from './engine/events.ts'
export { materialize, retryRun } from './engine/materialize.ts'
export type { MaterializeOptions, MaterializeRun, RunOptions } from './engine/run-options.ts'
export type { ErrorCode, ErrorKind } from './error-catalogue.ts'
export { DagmaError, DefinitionErrors } from './errors.ts'
export {
  type Metadata,
  type MetadataInput,
  MetadataValue,
  type Table,
  type TableColumn,
  type TableColumnLineage,
  type TableSchema,
} from './metadata/metadata-value.ts'
export { type Secret, secret } from './metadata/redaction/secret.ts'
export { loadDotenv } from './runtime/project/dotenv.ts'
export { jsonFileIOManager } from './runtime/values/json-file-io-manager.ts'
export { memoryIOManager } from './runtime/values/memory-io.ts'
export { type S3IOManagerOptions, s3IOManager } from './runtime/values/s3-io-manager.ts'
export { storageIOManager, type ValueStorage } from './runtime/values/storage-io.ts'
