import { type AssetKey, keyText } from '../definitions/assets/asset-key.ts'
import type { DepWithMapping } from '../definitions/assets/asset-spec.ts'
import type { Step } from '../definitions/assets/step.ts'
import type { Definitions } from '../definitions/model.ts'
import { materializeCommand } from '../definitions/partitions/materialize-command.ts'
import type { PartitionsDefinition } from '../definitions/partitions/partition-types.ts'
import { hasPartition, identityOf, type PartitionsAt, partitionKeys, sample } from '../definitions/partitions/partitions.ts'
import { neededDynamicPartitions, upstreamKeys, upstreamPartitions } from '../definitions/partitions/upstream-partitions.ts'
import { dagmaError } from '../errors.ts'

/**
 * Checks that a run can have this partition, before anything runs: that its assets have partitions and the same ones, that it is one of theirs,
 * and that the upstream partitions exist which its steps load.
 * @throws DAGMA_PARTITION_NEEDED, DAGMA_PARTITION_UNKNOWN, DAGMA_PARTITION_WITHOUT_PARTITIONS, DAGMA_PARTITIONS_MIXED,
 * DAGMA_UPSTREAM_PARTITIONS_NONEXISTENT
 */
export function checkRunPartition(definitions: Definitions, steps: readonly Step[], key: string | undefined, at: PartitionsAt): void {
  const groups = groupByPartitions(steps)
  const partitioned = groups.filter((group) => group.partitions !== undefined)
  const [first] = partitioned
  if (first?.partitions === undefined) {
    if (key !== undefined) checkCheckedPartition(definitions, steps, key, at)
  } else {
    const { partitions } = first
    const some = (): readonly string[] => sample(partitionKeys(partitions, at))
    const asset = keyText(first.assets[0]?.key ?? [])
    if (partitioned.length > 1)
      throw dagmaError('DAGMA_PARTITIONS_MIXED', {
        assets: partitioned.map((group) => `${namesOf(group).join(', ')} (${describe(group.partitions)})`),
        commands: commandsFor(definitions, groups, key, at),
      })
    if (key === undefined) throw dagmaError('DAGMA_PARTITION_NEEDED', { asset, some: some() })
    expectPartition(asset, partitions, key, at)
  }
  for (const step of steps) {
    if (at.dynamicKeys === undefined && neededDynamicPartitions(step, definitions).length > 0) continue // the host of the run will know
    for (const dep of Object.values(step.inputs)) upstreamPartitions(dep, definitions, { partitions: step.assets[0]?.partitions, key }, at)
  }
}

/** Checks the partition of a run without partitioned assets: only checks of partitioned assets may have one, and it must be one of each of these. */
function checkCheckedPartition({ assets }: Definitions, steps: readonly Step[], key: string, at: PartitionsAt): void {
  const checked = new Set(steps.flatMap((step) => (step.kind === 'check' ? step.checks.map(({ asset }) => keyText(asset)) : [])))
  const partitioned = [...checked].flatMap((asset) => {
    const partitions = assets.get(asset)?.partitions
    return partitions === undefined ? [] : [{ asset, partitions }]
  })
  if (partitioned.length === 0 || steps.some((step) => step.kind !== 'check'))
    throw dagmaError('DAGMA_PARTITION_WITHOUT_PARTITIONS', { partition: key })
  for (const { asset, partitions } of partitioned) expectPartition(asset, partitions, key, at)
}

function expectPartition(asset: string, partitions: PartitionsDefinition, key: string, at: PartitionsAt): void {
  if (hasPartition(partitions, key, at)) return
  const kind = { isTime: 'start' in partitions, isDynamic: partitions.kind === 'dynamic' }
  throw dagmaError('DAGMA_PARTITION_UNKNOWN', { asset, partition: key, some: sample(partitionKeys(partitions, at)), ...kind })
}

/** Assets of a run that have the same partitions, or none. */
interface PartitionGroup {
  readonly partitions: PartitionsDefinition | undefined
  readonly assets: { readonly key: AssetKey; readonly deps: readonly DepWithMapping[] }[]
}

/** In the order of the steps. */
function groupByPartitions(steps: readonly Step[]): PartitionGroup[] {
  const groups = new Map<string | undefined, PartitionGroup>()
  for (const { key, deps, partitions } of steps.flatMap((step) => step.assets)) {
    const identity = partitions === undefined ? undefined : identityOf(partitions)
    const group = groups.get(identity) ?? { partitions, assets: [] }
    groups.set(identity, group)
    group.assets.push({ key, deps })
  }
  return [...groups.values()]
}

/** The commands that make what a run with several kinds of partitions seems to want: the partition of the last that has it, and what that needs. */
function commandsFor(definitions: Definitions, groups: readonly PartitionGroup[], key: string | undefined, at: PartitionsAt): string[] {
  const has = (group: PartitionGroup): boolean =>
    group.partitions !== undefined && key !== undefined && hasPartition(group.partitions, key, at)
  const wanted = new Map(groups.map((group) => [group, new Set<string>()]))
  const target = groups.findLast(has)
  const commands: string[] = []
  for (const group of [...groups].reverse()) {
    const keys = wanted.get(group) ?? new Set()
    if (key !== undefined && (group === target || (keys.size === 0 && has(group)))) keys.add(key)
    for (const own of keys) {
      for (const { dep, upstream } of depsWithin(group, groups))
        for (const one of upstreamKeys(dep, definitions, { partitions: group.partitions, key: own }, at)) wanted.get(upstream)?.add(one)
    }
    commands.unshift(materializeCommand(namesOf(group), group.partitions, [...keys], at))
  }
  return commands
}

function depsWithin(group: PartitionGroup, groups: readonly PartitionGroup[]): { dep: DepWithMapping; upstream: PartitionGroup }[] {
  return group.assets.flatMap(({ deps }) =>
    deps.flatMap((dep) => {
      const upstream = groups.find(({ assets }) => assets.some(({ key }) => keyText(key) === keyText(dep.key)))
      return upstream === undefined || upstream === group ? [] : [{ dep, upstream }]
    }),
  )
}

function namesOf({ assets }: PartitionGroup): string[] {
  return assets.map(({ key }) => keyText(key))
}

function describe(partitions: PartitionsDefinition | undefined): string {
  if (partitions === undefined) return 'none'
  if (!('start' in partitions)) return partitions.kind
  return `${partitions.kind === 'time_window' ? partitions.cronSchedule : partitions.kind} from ${partitions.start}`
}
