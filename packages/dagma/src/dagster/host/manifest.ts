import { relative } from 'node:path'
import type { AssetKey } from '../../definitions/assets/asset-key.ts'
import type { AssetSpec } from '../../definitions/assets/asset-spec.ts'
import type { Step } from '../../definitions/assets/step.ts'
import { configBySteps } from '../../definitions/definitions.ts'
import { type Executor, executorOptions } from '../../definitions/executor.ts'
import type { Definitions } from '../../definitions/model.ts'
import type { SourcePlace } from '../../definitions/options/call-site.ts'
import { dynamicNames } from '../../definitions/partitions/dynamic-names.ts'
import type { PartitionMapping } from '../../definitions/partitions/partition-mapping.ts'
import type { MultiPartitions, PartitionsDefinition } from '../../definitions/partitions/partition-types.ts'
import { TimeWindows } from '../../definitions/partitions/time-windows.ts'
import { neededDynamicPartitions } from '../../definitions/partitions/upstream-partitions.ts'
import { schemaWithDefaults } from '../../definitions/validation/config-schema.ts'
import { inProcessValues, type LoadedValue, projectFolderValues } from '../../definitions/validation/loaded-values.ts'
import { ownVersion } from '../../own-files.ts'
import { gateStaticMetadata, gateText } from '../../runtime/gate/exit-gate.ts'
import { expectNoSecretIn } from '../../runtime/gate/known-secrets.ts'

/**
 * The definitions of a project, for a host that does not run TypeScript: JSON whose fields `protocol/manifest.schema.json` describes. The functions
 * below are the one place where definitions become it. `dagma build` adds the `digests`.
 */
export type Manifest = ReturnType<typeof manifestOf>

/**
 * The manifest of a project's definitions. Deterministic: the same definitions result in the same text. Displayed parts, descriptions and metadata, have
 * passed the exit gate; what is acted on is as it was declared. @throws DefinitionErrors when that holds a known secret
 */
export function buildManifest(definitions: Definitions, projectFolder: string): Manifest {
  const manifest = manifestOf(definitions, projectFolder)
  expectNoSecretIn(
    Object.fromEntries(manifest.steps.map(({ name, config_schema }) => [`the config schema of step "${name}"`, config_schema])),
  )
  return manifest
}

function manifestOf(definitions: Definitions, projectFolder: string) {
  const keyOf = (text: string): AssetKey => definitions.assets.get(text)?.key ?? [text]
  const external = [...definitions.assets.values()].filter((node) => node.step === undefined)
  return {
    manifest_version: 1,
    dagma_version: ownVersion(),
    executor: manifestExecutor(definitions.executor),
    budgets: budgetNames(definitions),
    in_process_values: named(inProcessValues(definitions)),
    project_folder_values: named(projectFolderValues(definitions)),
    has_instrument: definitions.instrument !== undefined,
    steps: [...definitions.steps.values()].map((step) => manifestStep(step, definitions, projectFolder)),
    external_assets: external.map((node) => manifestAsset(node, undefined, projectFolder)),
    jobs: [...definitions.jobs.values()].map(({ name, description, tags, config, executor, opTags, assetKeys, onSuccess, onFailure }) => ({
      name,
      description: shown(description),
      tags,
      config: configBySteps(definitions, config),
      executor: manifestExecutor(executor),
      op_tags: opTags,
      asset_keys: assetKeys.map(keyOf),
      hooks: [...(onSuccess ? ['on_success'] : []), ...(onFailure ? ['on_failure'] : [])],
    })),
    schedules: [...definitions.schedules.values()].map((schedule) => ({
      name: schedule.name,
      description: shown(schedule.description),
      job_name: schedule.job,
      cron_schedule: schedule.cronSchedule,
      execution_timezone: schedule.executionTimezone,
      default_status: schedule.defaultStatus,
      has_evaluation: schedule.evaluate !== undefined,
    })),
    sensors: [...definitions.sensors.values()].map((sensor) => ({
      name: sensor.name,
      description: shown(sensor.description),
      job_names: sensor.jobs,
      dynamic_partitions: dynamicNames(definitions),
      minimum_interval_seconds: sensor.minimumIntervalSeconds,
      default_status: sensor.defaultStatus,
    })),
  }
}

/** Whose budgets a host must be able to keep. */
function budgetNames({ budget, jobs, steps }: Definitions): string[] {
  return [
    ...(budget ? ['definitions()'] : []),
    ...[...jobs.values()].flatMap((job) => (job.budget ? [`job "${job.name}"`] : [])),
    ...[...steps.values()].flatMap((step) => (step.budget ? [`step "${step.name}"`] : [])),
  ]
}

/** Steps and the upstream assets whose values they load, by name. */
function named(values: readonly LoadedValue[]) {
  return values.map(({ step, upstream }) => ({ step: step.name, upstream }))
}

/** Whether the gate leaves a value as it is. */
function hasNoSecret(value: unknown): boolean {
  const text = JSON.stringify(value)
  return gateText(text) === text
}

function manifestExecutor(executor: Executor | undefined) {
  if (executor === undefined) return null
  const { module = null, name, config = {} } = executorOptions(executor)
  return { module, name, config }
}

function shown(text: string | undefined): string | null {
  return text === undefined ? null : gateText(text)
}

function manifestStep(step: Step, definitions: Definitions, projectFolder: string) {
  const { retryPolicy: retry, backfillPolicy: policy } = step
  return {
    name: step.name,
    kind: step.kind,
    assets: step.assets.map((spec) => manifestAsset(spec, step.source(), projectFolder)),
    checks: step.checks.map(({ asset, name, description, blocking }) => ({
      asset,
      name,
      description: shown(description),
      blocking,
    })),
    can_subset: step.canSubset,
    config_schema: step.config === undefined ? null : schemaWithDefaults(step.config, hasNoSecret),
    retry_policy:
      retry === undefined
        ? null
        : { max_retries: retry.maxRetries, delay_seconds: retry.delaySeconds, backoff: retry.backoff, jitter: retry.jitter },
    timeout_seconds: step.timeoutSeconds ?? null,
    pool: step.pool ?? null,
    op_tags: step.opTags,
    dynamic_partitions: neededDynamicPartitions(step, definitions),
    backfill_policy: policy === undefined ? null : { max_partitions_per_run: policy === 'single-run' ? null : policy.maxPartitionsPerRun },
  }
}

function manifestAsset(spec: AssetSpec, source: SourcePlace | undefined, projectFolder: string) {
  return {
    key: spec.key,
    group: spec.group,
    description: shown(spec.description),
    owners: spec.owners,
    tags: spec.tags,
    kinds: source === undefined ? spec.kinds : ['typescript', ...spec.kinds],
    code_version: spec.codeVersion ?? null,
    metadata: gateStaticMetadata(spec.metadata),
    partitions: spec.partitions === undefined ? null : manifestPartitions(spec.partitions),
    automation: spec.automation?.node ?? null,
    deps: spec.deps.map((dep) => ({ key: dep.key, mapping: manifestMapping(dep.mapping) })),
    source: source === undefined ? null : { file: relative(projectFolder, source.file), line: source.line },
  }
}

function manifestPartitions(partitions: PartitionsDefinition) {
  if (partitions.kind !== 'multi') return manifestDimension(partitions)
  const dimensions = Object.entries(partitions.dimensions).map(([name, dimension]) => [name, manifestDimension(dimension)] as const)
  return { kind: partitions.kind, dimensions: Object.fromEntries(dimensions) }
}

function manifestDimension(partitions: Exclude<PartitionsDefinition, MultiPartitions>) {
  if (partitions.kind === 'static') return { kind: partitions.kind, partition_keys: partitions.partitionKeys }
  if (partitions.kind === 'dynamic') return partitions
  const { kind, start, end, timezone, cronSchedule: cron_schedule, keyFormat: key_format, endOffset: end_offset } = partitions
  const exclusions = TimeWindows.of(partitions).exclusions.map((one) => (typeof one === 'number' ? one / 1000 : one))
  const common = { kind, start, end, timezone, end_offset, exclusions }
  if (kind === 'time_window') return { ...common, cron_schedule, key_format }
  const { minuteOffset: minute_offset, hourOffset: hour_offset, dayOffset: day_offset } = partitions
  return { ...common, minute_offset, hour_offset, day_offset }
}

function manifestMapping(mapping: PartitionMapping): object | null {
  switch (mapping.kind) {
    case 'default':
      return null
    case 'specific':
      return { kind: mapping.kind, partition_keys: mapping.partitionKeys }
    case 'static':
      return { kind: mapping.kind, downstream_by_upstream: mapping.downstreamByUpstream }
    case 'time_window':
      return {
        kind: mapping.kind,
        start_offset: mapping.startOffset,
        end_offset: mapping.endOffset,
        allow_nonexistent_upstream_partitions: mapping.allowNonexistentUpstreamPartitions,
      }
    case 'multi': {
      const dimensions = Object.entries(mapping.dimensions).map(([upstream, one]) => [
        upstream,
        { dimension: one.dimension, mapping: manifestMapping(one.mapping) },
      ])
      return { kind: mapping.kind, dimensions: Object.fromEntries(dimensions) }
    }
    default: {
      const { many: _, ...rest } = mapping
      return rest
    }
  }
}
