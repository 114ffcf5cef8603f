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
export { type MlflowLinkSettings, mlflowExperimentUrl, mlflowRunUrl, mlflowTrackingUri } from './links.ts'
export { mlflow } from './resource.ts'
export { type MlflowSettings, mlflowFromEnv } from './settings.ts'
