import type { RunRequest } from '../../definitions/automation/run-request.ts'
import type { DynamicPartitionsChange, SensorResult } from '../../definitions/automation/sensor.ts'
import { partitionKeyProblem } from '../../definitions/partitions/partition-key.ts'
import { dagmaError } from '../../errors.ts'

/**
 * Normalizes the return value of a schedule's or sensor's function. JavaScript is not type-checked, so each part is checked.
 * @param who for errors, such as `Sensor "files"`
 * @throws DAGMA_TICK_INVALID
 */
export function tickResult(who: string, returned: unknown): SensorResult {
  const wrong = (reason: string): never => {
    throw dagmaError('DAGMA_TICK_INVALID', { who, reasons: [reason] })
  }
  if (returned === undefined) return {}
  if (Array.isArray(returned)) return { runRequests: returned.map((item, index) => asRequest(item, `item ${index + 1}`, wrong)) }
  if (!isObject(returned)) return wrong(`it returned ${shown(returned)}`)
  if (returned.type === 'run_request') return { runRequests: [asRequest(returned, 'the run request', wrong)] }
  if (returned.type === 'skip_reason') return { skipReason: asText(returned.message, 'the skip reason', wrong) }
  return asSensorResult(returned, wrong)
}

type Fields = { readonly [field: string]: unknown }
type Wrong = (reason: string) => never

function asSensorResult(returned: Fields, wrong: Wrong): SensorResult {
  const known = ['runRequests', 'skipReason', 'cursor', 'dynamicPartitions']
  const unknown = Object.keys(returned).find((field) => !known.includes(field))
  if (unknown !== undefined) wrong(`it returned an object with "${unknown}" (fields: ${known.join(', ')})`)
  const { runRequests = [], skipReason, cursor, dynamicPartitions = [] } = returned
  if (!Array.isArray(runRequests)) wrong(`runRequests is ${shown(runRequests)}, not a list`)
  if (!Array.isArray(dynamicPartitions)) wrong(`dynamicPartitions is ${shown(dynamicPartitions)}, not a list`)
  return {
    runRequests: (runRequests as unknown[]).map((item, index) => asRequest(item, `run request ${index + 1}`, wrong)),
    ...(skipReason !== undefined && { skipReason: asText(skipReason, 'skipReason', wrong) }),
    ...(cursor !== undefined && { cursor: asText(cursor, 'cursor', wrong) }),
    dynamicPartitions: (dynamicPartitions as unknown[]).map((change) => asChange(change, wrong)),
  }
}

function asRequest(item: unknown, what: string, wrong: Wrong): RunRequest {
  if (!isObject(item) || item.type !== 'run_request') return wrong(`${what} is ${shown(item)}, not made by runRequest()`)
  for (const field of ['runKey', 'jobName', 'partitionKey'])
    if (item[field] !== undefined) asText(item[field], `${field} of ${what}`, wrong)
  for (const field of ['config', 'tags']) if (!isObject(item[field])) wrong(`${field} of ${what} is ${shown(item[field])}, not an object`)
  for (const [tag, value] of Object.entries(item.tags as Fields)) asText(value, `the tag "${tag}" of ${what}`, wrong)
  return item as Fields & RunRequest
}

function asChange(item: unknown, wrong: Wrong): DynamicPartitionsChange {
  const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((key) => typeof key === 'string')
  if (!isObject(item)) return wrong(`an item of dynamicPartitions is ${shown(item)}`)
  asText(item.partitions, 'partitions of dynamicPartitions', wrong)
  for (const field of ['add', 'remove'])
    if (item[field] !== undefined && !isTexts(item[field])) wrong(`${field} of dynamicPartitions is not a list of texts`)
  for (const key of (item.add ?? []) as string[]) {
    const problem = partitionKeyProblem(key)
    if (problem !== undefined) wrong(`the key ${JSON.stringify(key)} of dynamicPartitions ${problem}`)
  }
  return item as Fields & DynamicPartitionsChange
}

function asText(value: unknown, what: string, wrong: Wrong): string {
  return typeof value === 'string' ? value : wrong(`${what} is ${shown(value)}, not text`)
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Describes the kind of a value; the value itself may be a secret. */
function shown(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : typeof value === 'string' ? 'a text' : `a ${typeof value}`
}
