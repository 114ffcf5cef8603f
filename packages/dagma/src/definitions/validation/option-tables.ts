/** The options of every declaration, as `expectOptions` reads them. The compiler holds each table to the options' type. */
import type { AssetOptions, InlineCheck } from '../assets/asset.ts'
import type { AssetCheckOptions } from '../assets/asset-check.ts'
import type { AssetSpecOptions } from '../assets/asset-spec.ts'
import type { MultiAssetOptions, MultiAssetPart } from '../assets/multi-asset.ts'
import type { ObservableAssetOptions } from '../assets/observable-asset.ts'
import type { ResultExtras } from '../assets/results.ts'
import type { RetryPolicy } from '../assets/retry-policy.ts'
import type { StepOptions } from '../assets/step.ts'
import type { JobOptions } from '../automation/job.ts'
import type { RunRequest } from '../automation/run-request.ts'
import type { ScheduleOptions } from '../automation/schedule.ts'
import type { SensorOptions } from '../automation/sensor.ts'
import type { DefinitionsOptions } from '../definitions.ts'
import type { OptionTable } from './expect-options.ts'

const spec: OptionTable<keyof AssetSpecOptions> = {
  keyPrefix: 'key',
  group: 'text',
  description: 'text',
  owners: 'texts',
  tags: 'tags',
  kinds: 'texts',
  codeVersion: 'text',
  metadata: 'record',
  partitions: 'partitions',
  automation: 'automation',
}

const step: OptionTable<keyof StepOptions<{}, {}, unknown>> = {
  inputs: 'assets',
  resources: 'record',
  config: 'any',
  retryPolicy: 'retryPolicy',
  timeoutSeconds: 'number',
  pool: 'text',
}

const { inputs: _, ...stepWithoutInputs } = step

export const assetOptions: OptionTable<keyof AssetOptions<{}, {}, unknown, unknown>> = {
  key: 'key!',
  ...spec,
  deps: 'assetsOrKeys',
  ...step,
  checks: 'record',
  ioManager: 'ioManager',
  run: 'function!',
}

export const multiAssetOptions: OptionTable<keyof MultiAssetOptions<{}, {}, {}, unknown, unknown>> = {
  name: 'text!',
  assets: 'record!',
  deps: 'assetsOrKeys',
  ...step,
  canSubset: 'boolean',
  ioManager: 'ioManager',
  run: 'function!',
}

export const multiAssetPartOptions: OptionTable<keyof MultiAssetPart> = { key: 'key', ...spec, deps: 'assetsOrKeys', checks: 'record' }

export const inlineCheckOptions: OptionTable<keyof InlineCheck> = { description: 'text', blocking: 'boolean' }

export const externalAssetOptions: OptionTable<keyof AssetSpecOptions | 'key' | 'deps'> = { key: 'key!', ...spec, deps: 'assetsOrKeys' }

export const observableAssetOptions: OptionTable<keyof ObservableAssetOptions<{}, unknown>> = {
  key: 'key!',
  ...spec,
  ...stepWithoutInputs,
  run: 'function!',
}

export const assetCheckOptions: OptionTable<keyof AssetCheckOptions<unknown, {}, {}, unknown>> = {
  asset: 'assetOrKey!',
  name: 'text!',
  description: 'text',
  blocking: 'boolean',
  ...step,
  run: 'function!',
}

export const jobOptions: OptionTable<keyof JobOptions<{}>> = {
  name: 'text!',
  selection: 'selection!',
  description: 'text',
  tags: 'tags',
  config: 'record',
  resources: 'record',
  onFailure: 'function',
  onSuccess: 'function',
}

export const scheduleOptions: OptionTable<keyof ScheduleOptions<{}>> = {
  name: 'text!',
  job: 'job!',
  cronSchedule: 'text!',
  executionTimezone: 'text',
  defaultStatus: 'status',
  description: 'text',
  resources: 'record',
  evaluate: 'function',
}

export const sensorOptions: OptionTable<keyof SensorOptions<{}>> = {
  name: 'text!',
  job: 'jobs!',
  minimumIntervalSeconds: 'number',
  defaultStatus: 'status',
  description: 'text',
  resources: 'record',
  run: 'function!',
}

export const retryPolicyOptions: OptionTable<keyof RetryPolicy> = {
  maxRetries: 'number',
  delaySeconds: 'number',
  backoff: 'backoff',
  jitter: 'jitter',
}

export const runRequestOptions: OptionTable<Exclude<keyof RunRequest, 'type'>> = {
  runKey: 'text',
  jobName: 'text',
  config: 'record',
  tags: 'tags',
  partitionKey: 'text',
}

export const resultExtras: OptionTable<keyof ResultExtras> = { dataVersion: 'text', checks: 'record' }

export const resourceOptions: OptionTable<'open' | 'close' | 'probe'> = { open: 'function!', close: 'function', probe: 'function' }

/** What its lists hold is looked at by `definitions()` itself. */
export const definitionsOptions: OptionTable<keyof DefinitionsOptions<[], [], [], [], []>> = {
  assets: 'any',
  checks: 'any',
  jobs: 'any',
  schedules: 'any',
  sensors: 'any',
  resources: 'record',
  ioManagers: 'record',
  instrument: 'object',
}
