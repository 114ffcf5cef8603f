export { type Asset, type AssetContext, type AssetOptions, asset, type InlineCheck, type Requiring } from './definitions/assets/asset.ts'
export { type AssetCheck, type AssetCheckContext, type AssetCheckOptions, assetCheck } from './definitions/assets/asset-check.ts'
export type { AssetKey, AssetKeyInput } from './definitions/assets/asset-key.ts'
export {
  type AssetRef,
  type AssetSpec,
  type AssetSpecOptions,
  type Dep,
  type DepWithMapping,
  mapped,
  type ValueOf,
} from './definitions/assets/asset-spec.ts'
export { type ExternalAsset, externalAsset } from './definitions/assets/external-asset.ts'
export { Failure } from './definitions/assets/failure.ts'
export { type IOContext, type IOManager, type StoredValue, type TypedIOManager, typedIOManager } from './definitions/assets/io-manager.ts'
export {
  type MultiAsset,
  type MultiAssetContext,
  type MultiAssetOptions,
  type MultiAssetPart,
  multiAsset,
} from './definitions/assets/multi-asset.ts'
export { type ObservableAsset, type ObservableAssetOptions, observableAsset } from './definitions/assets/observable-asset.ts'
export {
  type CheckResult,
  type CheckSeverity,
  type MaterializeResult,
  type MaterializeResultOptions,
  materializeResult,
  type ObserveResult,
  type Returned,
} from './definitions/assets/results.ts'
export { type RetryPolicy, retryPolicy } from './definitions/assets/retry-policy.ts'
export type {
  AnyResourceType,
  CheckSpec,
  Clients,
  Inputs,
  InputValues,
  PartitionContext,
  Requirements,
  Step,
  StepContext,
  StepExtras,
  StepFunction,
  StepKind,
  StepOptions,
} from './definitions/assets/step.ts'
export type { LogLevel, StepLog } from './definitions/assets/step-log.ts'
export type { Stored } from './definitions/assets/stored.ts'
export { AutomationCondition } from './definitions/automation/automation-condition.ts'
export { type Hook, type HookContext, type Job, type JobOptions, job, type RunConfig, type RunTags } from './definitions/automation/job.ts'
export { type RunRequest, runRequest, type SkipReason, skipReason, type TickResult } from './definitions/automation/run-request.ts'
export {
  type DefaultStatus,
  type Schedule,
  type ScheduleContext,
  type ScheduleOptions,
  schedule,
} from './definitions/automation/schedule.ts'
export {
  type DynamicPartitionsChange,
  type Sensor,
  type SensorContext,
  type SensorOptions,
  type SensorOutput,
  type SensorResult,
  sensor,
} from './definitions/automation/sensor.ts'
export { type DefinitionsOptions, definitions, type ResourcesFor } from './definitions/definitions.ts'
export type {
  EndStatus,
  Instrument,
  InstrumentContext,
  ObservedRun,
  ObservedStep,
  RunObserver,
  StepEnd,
  StepObserver,
} from './definitions/instrument.ts'
export type { AnyAsset, AssetNode, CheckNode, Definitions, ResolvedJob } from './definitions/model.ts'
export { PartitionMapping } from './definitions/partitions/partition-mapping.ts'
export type {
  Cadence,
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
  weeklyPartitions,
} from './definitions/partitions/partitions.ts'
export {
  type ClientOf,
  type OpenResource,
  type ProbeContext,
  type Resource,
  type ResourceContext,
  type ResourceType,
  resource,
} from './definitions/resource.ts'
export type { SourcePlace } from './definitions/validation/call-site.ts'
export type { Durability } from './engine/event-log.ts'
export type { AssetEvent, EventBody, Materialization, Run, RunEvent, RunStart, RunStatus } from './engine/events.ts'
export type { RunResult } from './engine/execute-run.ts'
export { type MaterializeOptions, type MaterializeRun, materialize, type RunOptions, retryRun } from './engine/materialize.ts'
export type { ErrorCode, ErrorKind } from './error-catalogue.ts'
export { DagmaError, DefinitionErrors } from './errors.ts'
export type { Finding } from './metadata/finding.ts'
export {
  type Json,
  type JsonInput,
  type Metadata,
  type MetadataInput,
  type MetadataType,
  type MetadataTypes,
  MetadataValue,
  type Table,
  type TableCell,
  type TableColumn,
  type TableColumnLineage,
  type TableSchema,
} from './metadata/metadata-value.ts'
export type { WireMetadata, WireMetadataValue } from './metadata/normalize.ts'
export {
  type FieldPresence,
  type ObservationField,
  type ObservationFieldName,
  type ObservationMetadata,
  observationFields,
} from './metadata/observation-fields.ts'
export type { CallEnd, CallObserver, CallTracker, Database, OutgoingCall } from './metadata/outgoing-calls.ts'
export { type Secret, secret } from './metadata/redaction/secret.ts'
export type { SecretParts } from './metadata/redaction/secret-values.ts'
export type { Clock } from './runtime/clock.ts'
export type { WireError } from './runtime/gate/exit-gate.ts'
export { loadDotenv } from './runtime/project/dotenv.ts'
export { jsonFileIOManager } from './runtime/values/json-file-io-manager.ts'
export { memoryIOManager } from './runtime/values/memory-io.ts'
export { storageIOManager, type ValueStorage } from './runtime/values/storage-io.ts'
