import type { Tick } from '../../runtime/tick/tick.ts'
import { printLine } from './output.ts'

/** Prints what a tick asks for. */
export function printTick(tick: Tick): void {
  for (const { level, message } of tick.logs) printLine(`  ${level}: ${message}`)
  for (const { jobName, runKey, partitionKey, config, tags } of tick.runRequests) {
    const details = { 'run key': runKey, partition: partitionKey, config: shown(config), tags: shown(tags) }
    const parts = Object.entries(details).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
    printLine(`run of ${jobName}${parts.length > 0 ? `  (${parts.join(', ')})` : ''}`)
  }
  if (tick.runRequests.length === 0) printLine(`no run${tick.skipReason === undefined ? '' : `: ${tick.skipReason}`}`)
  for (const { partitions, add = [], remove = [] } of tick.dynamicPartitions)
    printLine(`partitions of ${partitions}: ${[...add.map((key) => `+${key}`), ...remove.map((key) => `-${key}`)].join(', ')}`)
  if (tick.cursor !== undefined) printLine(`cursor: ${tick.cursor}`)
}

/** A tick as `--json` prints it. */
export function tickDocument(tick: Tick): object {
  const { runRequests, skipReason = null, cursor = null, dynamicPartitions, logs } = tick
  return {
    runRequests: runRequests.map(({ runKey = null, jobName, config, tags, partitionKey = null }) => ({
      runKey,
      jobName,
      config,
      tags,
      partitionKey,
    })),
    skipReason,
    cursor,
    dynamicPartitions: dynamicPartitions.map(({ partitions, add = [], remove = [] }) => ({ partitions, add, remove })),
    logs,
  }
}

function shown(value: object): string | undefined {
  return Object.keys(value).length === 0 ? undefined : JSON.stringify(value)
}
