export type { Mlflow, MlflowExperiment, MlflowRun, MlflowRunData, MetricPoint, MlflowMetric, RunCounts, RunOptions, RunStatus } from './client.ts'
export { type MlflowLinkSettings, mlflowExperimentUrl, mlflowRunUrl, mlflowTrackingUri } from './links.ts'
export { mlflow, mlflowFromEnv, type MlflowSettings } from './resource.ts'
