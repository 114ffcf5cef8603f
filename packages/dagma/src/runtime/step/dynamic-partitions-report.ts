import type { DynamicPartitionsChange } from '../../definitions/automation/sensor.ts'
import { partitionKeyProblem } from '../../definitions/partitions/partition-key.ts'
import { dagmaError } from '../../errors.ts'
import { expectNoSecretIn } from '../gate/known-secrets.ts'
import type { DynamicPartitionsReport } from './step-host.ts'

/** The change of dynamic partitions, checked. @throws DAGMA_PARTITION_KEY_INVALID, and what {@link expectNoSecretIn} throws */
export function dynamicPartitionsReport({ partitions, add = [], remove = [] }: DynamicPartitionsChange): DynamicPartitionsReport {
  expectKeys(partitions, add)
  expectNoSecretIn({ 'the name of dynamic partitions': partitions, 'the keys of dynamic partitions': [...add, ...remove] })
  return { type: 'dynamic_partitions', partitions, add: [...add], remove: [...remove] }
}

/** Checks keys that are to be added to the dynamic partitions `name`. @throws DAGMA_PARTITION_KEY_INVALID */
export function expectKeys(name: string, keys: readonly string[]): void {
  for (const key of keys) {
    const reason = typeof key === 'string' ? partitionKeyProblem(key) : 'is not a string'
    if (reason !== undefined) throw dagmaError('DAGMA_PARTITION_KEY_INVALID', { name, key, reason })
  }
}
