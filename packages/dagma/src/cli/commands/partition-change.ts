import { Command } from 'commander'
import type { Definitions } from '../../definitions/model.ts'
import { dynamicNames } from '../../definitions/partitions/dynamic-names.ts'
import { EventLog } from '../../engine/event-log.ts'
import { dagmaError } from '../../errors.ts'
import { dynamicPartitionsReport } from '../../runtime/step/dynamic-partitions-report.ts'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson, printLine } from '../terminal/output.ts'

/** `dagma partition add` */
export function partitionAddCommand(): Command {
  return changeCommand('add', 'Add keys to dynamic partitions of the embedded engine.', (name, keys, log) => {
    const { added } = log.changeDynamicPartitions(dynamicPartitionsReport({ partitions: name, add: keys }))
    return { changed: added, unchanged: 'already existed' }
  })
}

/** `dagma partition delete` */
export function partitionDeleteCommand(): Command {
  return changeCommand(
    'delete',
    'Delete keys of dynamic partitions of the embedded engine; their materializations stay.',
    (name, keys, log) => {
      const { deleted } = log.changeDynamicPartitions({ partitions: name, remove: keys })
      return { changed: deleted, unchanged: 'did not exist' }
    },
  )
}

type Change = (name: string, keys: readonly string[], log: EventLog) => { readonly changed: readonly string[]; readonly unchanged: string }

function changeCommand(verb: 'add' | 'delete', description: string, change: Change): Command {
  return new Command(verb)
    .description(description)
    .argument('<name>', 'name of the dynamic partitions')
    .argument('<keys...>', 'the partition keys')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (name: string, given: string[], options: ModuleOption & JsonOption) => {
      const { project, definitions } = await loadProject(options)
      expectDynamicPartitions(name, definitions)
      const keys = [...new Set(given)]
      using log = EventLog.open(project.folder)
      const { changed, unchanged } = change(name, keys, log)
      const done = verb === 'add' ? 'added' : 'deleted'
      if (options.json) return printJson({ partitions: name, [done]: changed })
      const rest = keys.filter((key) => !changed.includes(key))
      printLine(
        `${name}: ${changed.length === 0 ? 'nothing' : changed.join(', ')} ${done}${rest.length === 0 ? '' : `; ${rest.join(', ')} ${unchanged}`}`,
      )
    })
}

/** A name that no asset's partitions have is a slip. @throws DAGMA_OPTION_INVALID */
export function expectDynamicPartitions(name: string, definitions: Definitions): void {
  const known = dynamicNames(definitions)
  if (known.includes(name)) return
  const reason = `must be the name of dynamic partitions of an asset (${known.length === 0 ? 'none has any' : known.join(', ')}), not "${name}"`
  throw dagmaError('DAGMA_OPTION_INVALID', { option: 'name', reason })
}
