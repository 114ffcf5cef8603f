import { keyText } from '../../definitions/assets/asset-key.ts'
import type { Step, StepContext, StepExtras } from '../../definitions/assets/step.ts'
import { stepLabel } from '../../definitions/assets/step-label.ts'
import { partitionOf } from '../../definitions/definitions.ts'
import { keysByDimension, partitionTimeWindow } from '../../definitions/partitions/partition-context.ts'
import { nonexistentInputs } from '../../definitions/partitions/upstream-partitions.ts'
import { dagmaError } from '../../errors.ts'
import { gatedLog } from '../gate/gated-log.ts'
import { dynamicPartitionsReport } from './dynamic-partitions-report.ts'
import type { StepHost } from './step-host.ts'
import { stepItems } from './step-items.ts'

/** The context of a step's function. `keys` are the partitions of the call: at most one, except with `range: true`. */
export function stepContext(
  step: Step,
  host: StepHost,
  keys: readonly string[],
  given: Pick<StepContext, 'inputs' | 'resources' | 'config'>,
): StepContext & StepExtras {
  const { runId, jobName, retryNumber, runTags, partitionKey, signal, values } = host
  const assetKey = step.assets[0]?.key ?? step.checks[0]?.asset ?? []
  const partitions = (step.assets[0] ?? host.definitions.assets.get(keyText(assetKey)))?.partitions
  const log = gatedLog((level, message) => host.report({ type: 'log', level, message, partitionKey: undefined }))
  const notPartitioned = () => dagmaError('DAGMA_NOT_PARTITIONED', { step: stepLabel(step) })
  return {
    ...given,
    runId,
    jobName,
    retryNumber,
    runTags,
    signal,
    assetKey,
    log,
    items: stepItems(step, host, log),
    addDynamicPartitions: (name, added) => host.report(dynamicPartitionsReport({ partitions: name, add: added })),
    listDynamicPartitions: host.listDynamicKeys,
    deleteDynamicPartitions: (name, deleted) => host.report(dynamicPartitionsReport({ partitions: name, remove: deleted })),
    hasPartitionKey: partitions !== undefined && partitionKey !== undefined,
    get partitionKeysInRange() {
      if (partitions !== undefined && keys.length === 0 && step.kind !== 'check') throw notPartitioned()
      return partitions === undefined ? [] : keys
    },
    get partitionKeyRange() {
      const [start, end] = [this.partitionKeysInRange[0], this.partitionKeysInRange.at(-1)]
      return start === undefined || end === undefined ? undefined : { start, end }
    },
    get partitionTimeWindow() {
      return this.partitionKeyRange && partitionTimeWindow(partitions, this.partitionKeyRange)
    },
    get partitionKeys() {
      return this.partitionKey === undefined ? undefined : keysByDimension(partitions, this.partitionKey)
    },
    get nonexistentUpstreamPartitions() {
      return nonexistentInputs(step, host.definitions, keys, { now: host.now(), dynamicKeys: host.dynamicKeys })
    },
    get partitionKey() {
      if (partitions === undefined) return undefined
      if (partitionKey === undefined && step.kind !== 'check') throw notPartitioned()
      return partitionKey
    },
    selected: new Set((step.partNames ?? []).filter((_, index) => host.selected.has(keyText(step.assets[index]?.key ?? [])))),
    load: async () => {
      const partition = partitionOf(host.definitions.assets, assetKey, partitionKey)
      if (partition === undefined && partitions !== undefined) throw notPartitioned()
      const reader = { who: `Check "${step.checks[0]?.name}"`, find: host.findMaterializations }
      return values.load({ assetKey, partitionKey: partition, runId, signal }, reader)
    },
    kept: values.kept({ assetKey, partitionKey: partitionOf(host.definitions.assets, assetKey, partitionKey), runId, signal }),
  }
}
