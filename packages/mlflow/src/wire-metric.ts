import type { MlflowMetric } from './client.ts'

/** A metric's point in JSON, which has no NaN and no Infinity: they are the texts that protobuf uses, and so does MLflow. */
export type WireMetric = Omit<MlflowMetric, 'value'> & { readonly value: number | string }

/** A metric's point as it is sent and kept. */
export function wireMetric(metric: MlflowMetric): WireMetric {
  const { value } = metric
  return { ...metric, value: Number.isFinite(value) ? value : String(value) }
}
