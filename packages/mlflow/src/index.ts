export type {
  MetricPoint,
  Mlflow,
  MlflowExperiment,
  MlflowMetric,
  MlflowRun,
  MlflowRunData,
  RunCounts,
  RunOptions,
  RunStatus,
} from './client.ts'
export { type MlflowLinkSettings, mlflowExperimentUrl, mlflowRunUrl, mlflowTraceUrl, mlflowTrackingUri } from './links.ts'
export { mlflow } from './resource.ts'
export { type MlflowSettings, mlflowFromEnv } from './settings.ts'
export { mlflowTraces } from './traces.ts'
