/** Dagster Pipes in TypeScript: for a process that a Pipes client of Dagster starts, be it a Dagma project or not. */

export { chunkWriter, type PipesChunkWriterOptions } from './dagster/pipes/chunk-writer.ts'
export type { PipesContext, PipesProvenance, PipesRange } from './dagster/pipes/context.ts'
export type { PipesMetadata, PipesMetadataValue } from './dagster/pipes/metadata.ts'
export { openPipes, type PipesOptions, runPipes } from './dagster/pipes/open.ts'
export type { PipesContextData, PipesMessageWriter, PipesParams, PipesProvenanceData } from './dagster/pipes/protocol.ts'
export type { PipesCheckResult, PipesMaterialization, PipesSession } from './dagster/pipes/session.ts'
export type { CheckSeverity } from './definitions/assets/results.ts'
export type { StepLog } from './definitions/assets/step-log.ts'
export { DagmaError } from './errors.ts'
export {
  type Json,
  type MetadataInput,
  type MetadataType,
  MetadataValue,
  type Table,
  type TableColumn,
  type TableColumnLineage,
  type TableSchema,
} from './metadata/metadata-value.ts'
export { type Secret, secret } from './metadata/redaction/secret.ts'
