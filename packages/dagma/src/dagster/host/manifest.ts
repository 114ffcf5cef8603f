import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { StandardJSONSchemaV1 } from '@standard-schema/spec'
import type { AssetKey } from '../../definitions/assets/asset-key.ts'
import type { AssetSpec } from '../../definitions/assets/asset-spec.ts'
import type { Step } from '../../definitions/assets/step.ts'
import type { Definitions } from '../../definitions/definitions.ts'
import type { PartitionMapping } from '../../definitions/partitions/partition-mapping.ts'
import type { MultiPartitions, PartitionsDefinition } from '../../definitions/partitions/partitions.ts'
import type { SourcePlace } from '../../definitions/validation/call-site.ts'
import { gateStaticMetadata, gateValue } from '../../runtime/gate/exit-gate.ts'

/**
 * What a project declares, for a host that runs no TypeScript: JSON whose every field `protocol/manifest.schema.json` explains. The functions
 * below are the one place where definitions become it.
 */
export type Manifest = ReturnType<typeof manifestOf>

/** The manifest of a project's definitions. Deterministic: the same definitions give the same text. It has passed the exit gate. */
export function buildManifest(definitions: Definitions, projectFolder: string): Manifest {
  return gateValue(manifestOf(definitions, projectFolder))
}

/** Digest of a manifest's text, by which hosts tell whether definitions changed. */
export function manifestDigest(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

function manifestOf(definitions: Definitions, projectFolder: string) {
  const keyOf = (text: string): AssetKey => definitions.assets.get(text)?.key ?? [text]
  const external = [...definitions.assets.values()].filter((node) => node.step === undefined)
  return {
    manifest_version: 1,
    dagma_version: ownVersion(),
    steps: [...definitions.steps.values()].map((step) => manifestStep(step, projectFolder)),
    external_assets: external.map((node) => manifestAsset(node, undefined, projectFolder)),
    jobs: [...definitions.jobs.values()].map(({ name, description = null, tags, config, assetKeys }) => ({
      name,
      description,
      tags,
      config: Object.fromEntries(Object.entries(config).map(([step, value]) => [definitions.assets.get(step)?.step?.name ?? step, value])),
      asset_keys: assetKeys.map(keyOf),
    })),
    schedules: [...definitions.schedules.values()].map((schedule) => ({
      name: schedule.name,
      description: schedule.description ?? null,
      job_name: schedule.job,
      cron_schedule: schedule.cronSchedule,
      execution_timezone: schedule.executionTimezone,
      default_status: schedule.defaultStatus,
      has_evaluation: schedule.evaluate !== undefined,
    })),
    sensors: [...definitions.sensors.values()].map((sensor) => ({
      name: sensor.name,
      description: sensor.description ?? null,
      job_names: sensor.jobs,
      minimum_interval_seconds: sensor.minimumIntervalSeconds,
      default_status: sensor.defaultStatus,
    })),
  }
}

function manifestStep(step: Step, projectFolder: string) {
  const { retryPolicy: retry } = step
  return {
    name: step.name,
    kind: step.kind,
    assets: step.assets.map((spec) => manifestAsset(spec, step.source(), projectFolder)),
    checks: step.checks.map(({ asset, name, description = null, blocking }) => ({ asset, name, description, blocking })),
    can_subset: step.canSubset,
    config_schema: configSchema(step),
    retry_policy:
      retry === undefined
        ? null
        : { max_retries: retry.maxRetries, delay_seconds: retry.delaySeconds, backoff: retry.backoff, jitter: retry.jitter },
    pool: step.pool ?? null,
  }
}

function manifestAsset(spec: AssetSpec, source: SourcePlace | undefined, projectFolder: string) {
  return {
    key: spec.key,
    group: spec.group,
    description: spec.description ?? null,
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
  return partitions.kind === 'static' ? { kind: partitions.kind, partition_keys: partitions.partitionKeys } : partitions
}

function manifestMapping(mapping: PartitionMapping) {
  switch (mapping.kind) {
    case 'default':
      return null
    case 'specific':
      return { kind: mapping.kind, partition_keys: mapping.partitionKeys }
    case 'static':
      return { kind: mapping.kind, downstream_by_upstream: mapping.downstreamByUpstream }
    case 'time_window':
      return { kind: mapping.kind, start_offset: mapping.startOffset, end_offset: mapping.endOffset }
    default: {
      const { many: _, ...rest } = mapping
      return rest
    }
  }
}

/**
 * The JSON Schema of a step's config where its schema library gives one (Standard JSON Schema, zod 4), an open object otherwise. Defaults are
 * left out: a schema library may compute them, from a secret for example, and they are filled in here when the step runs.
 */
function configSchema(step: Step): { readonly [key: string]: unknown } | null {
  if (step.config === undefined) return null
  const standard = step.config['~standard']
  return describesItself(standard) ? withoutDefaults(standard.jsonSchema.input({ target: 'draft-2020-12' })) : { type: 'object' }
}

/** A JSON Schema without its `default` keywords; members of `properties` that are named so stay. */
function withoutDefaults(schema: { readonly [keyword: string]: unknown }): { [keyword: string]: unknown } {
  const isSchema = (value: unknown): value is { readonly [keyword: string]: unknown } =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  const kept = Object.entries(schema).filter(([keyword]) => keyword !== 'default')
  return Object.fromEntries(
    kept.map(([keyword, value]) => {
      if (keyword === 'enum' || keyword === 'const' || keyword === 'examples') return [keyword, value]
      if (Array.isArray(value)) return [keyword, value.map((item) => (isSchema(item) ? withoutDefaults(item) : item))]
      if (!isSchema(value)) return [keyword, value]
      const named = ['properties', 'patternProperties', '$defs', 'definitions'].includes(keyword)
      if (!named) return [keyword, withoutDefaults(value)]
      return [
        keyword,
        Object.fromEntries(Object.entries(value).map(([name, item]) => [name, isSchema(item) ? withoutDefaults(item) : item])),
      ]
    }),
  )
}

function describesItself(standard: object): standard is StandardJSONSchemaV1.Props {
  return 'jsonSchema' in standard
}

function ownVersion(): string {
  return JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version
}
