import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { StandardJSONSchemaV1 } from '@standard-schema/spec'
import { type Asset, upstreamKeys } from '../definitions/asset.ts'
import { type AssetKey, stepName } from '../definitions/asset-key.ts'
import type { Definitions } from '../definitions/definitions.ts'
import type { WireMetadata } from '../metadata/normalize.ts'
import { gateStaticMetadata, gateValue } from '../runtime/exit-gate.ts'

/** What a project declares, for a host that runs no TypeScript. Its schema is `protocol/manifest.schema.json`, which explains each field. */
export interface Manifest {
  readonly manifest_version: 1
  readonly dagma_version: string
  readonly steps: readonly {
    readonly name: string
    readonly assets: readonly ManifestAsset[]
    readonly config_schema: { readonly [key: string]: unknown } | null
  }[]
  readonly jobs: readonly { readonly name: string; readonly description: string | null; readonly asset_keys: readonly AssetKey[] }[]
  readonly schedules: readonly {
    readonly name: string
    readonly description: string | null
    readonly job_name: string
    readonly cron_schedule: string
    readonly execution_timezone: string
    readonly default_status: 'RUNNING' | 'STOPPED'
  }[]
}

interface ManifestAsset {
  readonly key: AssetKey
  readonly group: string
  readonly description: string | null
  readonly deps: readonly AssetKey[]
  readonly kinds: readonly string[]
  readonly metadata: WireMetadata
  readonly source: { readonly file: string; readonly line: number } | null
}

/** The manifest of a project's definitions. Deterministic: the same definitions give the same text. It has passed the exit gate. */
export function buildManifest(definitions: Definitions, projectFolder: string): Manifest {
  const keyOf = (text: string): AssetKey => definitions.assets.get(text)?.key ?? [text]
  return gateValue<Manifest>({
    manifest_version: 1,
    dagma_version: ownVersion(),
    steps: [...definitions.assets.values()].map((asset) => ({
      name: stepName(asset.key),
      assets: [manifestAsset(asset, projectFolder)],
      config_schema: configSchema(asset),
    })),
    jobs: [...definitions.jobs.values()].map((job) => ({
      name: job.name,
      description: job.description ?? null,
      asset_keys: job.assetKeys.map(keyOf),
    })),
    schedules: [...definitions.schedules.values()].map((schedule) => ({
      name: schedule.name,
      description: schedule.description ?? null,
      job_name: schedule.job,
      cron_schedule: schedule.cronSchedule,
      execution_timezone: schedule.executionTimezone,
      default_status: schedule.defaultStatus,
    })),
  })
}

/** Digest of a manifest's text, by which hosts tell whether definitions changed. */
export function manifestDigest(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

function manifestAsset(asset: Asset, projectFolder: string): ManifestAsset {
  const source = asset.source()
  return {
    key: asset.key,
    group: asset.group,
    description: asset.description ?? null,
    deps: upstreamKeys(asset),
    kinds: ['typescript', ...asset.kinds],
    metadata: gateStaticMetadata(asset.metadata),
    source: source === undefined ? null : { file: relative(projectFolder, source.file), line: source.line },
  }
}

/** The JSON Schema of an asset's config where its schema library gives one (Standard JSON Schema, zod 4), an open object otherwise. */
function configSchema(asset: Asset): { readonly [key: string]: unknown } | null {
  if (asset.config === undefined) return null
  const standard = asset.config['~standard']
  return describesItself(standard) ? standard.jsonSchema.input({ target: 'draft-2020-12' }) : { type: 'object' }
}

function describesItself(standard: object): standard is StandardJSONSchemaV1.Props {
  return 'jsonSchema' in standard
}

function ownVersion(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}
