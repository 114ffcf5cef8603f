/** The phase an error belongs to; see `DagmaError`. */
export type ErrorKind = 'definition' | 'execution' | 'user_code' | 'protocol' | 'internal'

interface Entry<Details> {
  kind: ErrorKind
  text: (details: Details) => { message: string; hint: string }
}

function entry<Details>(
  kind: ErrorKind,
  message: (details: Details) => string,
  hint: string | ((details: Details) => string),
): Entry<Details> {
  return { kind, text: (details) => ({ message: message(details), hint: typeof hint === 'string' ? hint : hint(details) }) }
}

/** As much of a text as a message can quote. */
function excerpt(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 300)}…`
}

function runningSteps(steps: readonly string[]): string {
  if (steps.length === 0) return 'no step was running, before the command had finished'
  return `${steps.length === 1 ? 'step' : 'steps'} ${excerpt(steps.map((name) => `"${name}"`).join(', '))} ${steps.length === 1 ? 'was' : 'were'} running`
}

/** Every error that Dagma makes: its permanent code, its phase, what it says, and its hint. */
export const catalogue = {
  DAGMA_KEY_INVALID: entry<{ what: string; key: string }>(
    'definition',
    ({ what, key }) => `${what} cannot be named "${key}".`,
    'Use letters, digits, "_", "-" and "." (job, schedule, group and check names: letters, digits and "_"), and "/" between the parts of an asset key.',
  ),
  DAGMA_KEY_DUPLICATE: entry<{ what: string; key: string; places: readonly string[] }>(
    'definition',
    ({ what, key, places }) => `Two ${what}s are named "${key}"${places.length > 0 ? ` (${places.join(', ')})` : ''}.`,
    'Rename one of them.',
  ),
  DAGMA_NAME_RESERVED: entry<{ subject: string; name: string; isOwn: boolean }>(
    'definition',
    ({ subject, name, isOwn }) =>
      `${subject} ${isOwn ? 'has a name' : `is called "${name}" in Dagster, a name`} that is reserved by Python or Dagster.`,
    'Rename it, or give an asset a keyPrefix.',
  ),
  DAGMA_STEP_NAME_DUPLICATE: entry<{ makers: readonly string[]; step: string }>(
    'definition',
    ({ makers, step }) => `${makers.join(' and ')} would both have a step named "${step}".`,
    'Rename one of them: in a step name, "/" becomes "__" and "-" and "." become "_".',
  ),
  DAGMA_DEP_UNKNOWN: entry<{ who: string; dep: string; nearest: string | undefined }>(
    'definition',
    ({ who, dep, nearest }) =>
      `${who} depends on "${dep}", which is not in definitions().${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
    ({ dep }) => `Add "${dep}" to the assets of definitions(), or remove it from the inputs or deps.`,
  ),
  DAGMA_CYCLE: entry<{ path: readonly string[] }>(
    'definition',
    ({ path }) => `Assets depend on each other in a cycle: ${path.join(' → ')}.`,
    'Remove one of these dependencies.',
  ),
  DAGMA_RESOURCE_UNBOUND: entry<{ who: string; resource: string; bound: readonly string[] }>(
    'definition',
    ({ who, resource, bound }) =>
      `${who} uses the resource "${resource}", which is not bound (bound: ${bound.length > 0 ? bound.join(', ') : 'none'}).`,
    ({ resource }) => `Add "${resource}" to the resources of definitions().`,
  ),
  DAGMA_IO_MANAGER_UNBOUND: entry<{ who: string; ioManager: string; bound: readonly string[] }>(
    'definition',
    ({ who, ioManager, bound }) =>
      `${who} keeps its values with the IO manager "${ioManager}", which is not bound (bound: ${bound.length > 0 ? bound.join(', ') : 'none'}).`,
    ({ ioManager }) => `Add "${ioManager}" to the ioManagers of definitions().`,
  ),
  DAGMA_VALUES_IN_PROCESS: entry<{ step: string; upstream: string; executor: string; of: string }>(
    'definition',
    ({ step, upstream, executor, of }) =>
      `"${step}" loads the value of "${upstream}", which its IO manager keeps in the process that materialized it, but the executor "${executor}" of ${of} runs each step in its own process.`,
    'Store the value where every step can read it (see docs/guide/values-and-io.md), or use the executor "dagma".',
  ),
  DAGMA_PARTITIONS_INVALID: entry<{ what: string; reason: string }>(
    'definition',
    ({ what, reason }) => `${what} has invalid partitions: ${reason}.`,
    'Fix the start, the end, the time zone, the keys or the dimensions.',
  ),
  DAGMA_PARTITIONS_MISMATCH: entry<{ what: string; reason: string }>(
    'definition',
    ({ what, reason }) => `${what} ${reason}.`,
    'Use the same partitions, or add a partition mapping. See docs/guide/partitions.md.',
  ),
  DAGMA_PARTITION_UNKNOWN: entry<{ asset: string; partition: string; some: readonly string[]; isTime: boolean; isDynamic: boolean }>(
    'definition',
    ({ asset, partition, some }) =>
      `"${partition}" is not a partition of "${asset}" (${some.length > 0 ? some.join(', ') : 'none exist yet'}).`,
    ({ isTime, isDynamic }) => {
      const note = isTime
        ? '; a time partition exists once its window has ended'
        : isDynamic
          ? ', or add it with `dagma partition add`'
          : ''
      return `Pass one of its partitions${note}.`
    },
  ),
  DAGMA_PARTITIONS_MIXED: entry<{ assets: readonly string[]; commands: readonly string[] }>(
    'definition',
    ({ assets }) => `All assets of a run must have the same partitions, but these differ: ${assets.join(', ')}.`,
    ({ commands }) => `Run them separately, in this order: ${commands.map((command) => `\`${command}\``).join(', then ')}.`,
  ),
  DAGMA_UPSTREAM_PARTITIONS_NONEXISTENT: entry<{ partition: string | undefined; upstream: string; nonexistent: readonly string[] }>(
    'definition',
    ({ partition, upstream, nonexistent }) =>
      `${partition === undefined ? 'The run' : `Partition "${partition}"`} depends on partitions of "${upstream}" that do not exist: ${nonexistent.join(', ')}.`,
    'Wait until they exist, choose another partition, or set allowNonexistentUpstreamPartitions on the TimeWindowPartitionMapping.',
  ),
  DAGMA_DYNAMIC_PARTITIONS_UNKNOWN: entry<{ name: string }>(
    'definition',
    ({ name }) => `The run needs the keys of the dynamic partitions "${name}", which only Dagster knows.`,
    'Run it in Dagster, or select the partitions with PartitionMapping.specific().',
  ),
  DAGMA_PARTITION_KEY_INVALID: entry<{ name: string; key: unknown; reason: string }>(
    'definition',
    ({ name, key, reason }) => `The key ${JSON.stringify(key)} for the dynamic partitions "${name}" ${reason}.`,
    'Use another key.',
  ),
  DAGMA_PARTITION_NEEDED: entry<{ asset: string; some: readonly string[] }>(
    'definition',
    ({ asset, some }) =>
      `"${asset}" has partitions (${some.length > 0 ? some.join(', ') : 'none yet'}), but the run was started without a partition.`,
    'Pass one of them as partitionKey.',
  ),
  DAGMA_RANGE_NEEDS_RUNS: entry<{ asset: string; partitions: number; wanted: number }>(
    'definition',
    ({ asset, partitions, wanted }) =>
      `The range has ${wanted} partitions, but "${asset}" allows only ${partitions === 1 ? 'one' : partitions} per run.`,
    'Set its backfillPolicy to "single-run", or start a run for each part of the range.',
  ),
  DAGMA_PARTITION_WITHOUT_PARTITIONS: entry<{ partition: string }>(
    'definition',
    ({ partition }) => `The run has the partition "${partition}", but none of its assets is partitioned.`,
    'Run it without a partition, or add partitions to the asset.',
  ),
  DAGMA_NOT_PARTITIONED: entry<{ step: string }>(
    'user_code',
    ({ step }) =>
      `Step "${step}" needs a single partition, for its key or for a value that has partitions, but its run has none, or a range.`,
    'Launch the run with a single partition.',
  ),
  DAGMA_PARTITIONS_FAILED: entry<{ step: string; failed: readonly string[]; all: number }>(
    'user_code',
    ({ step, failed, all }) => {
      const named = failed.slice(0, 20).join(', ')
      const more = failed.length > 20 ? ` and ${failed.length - 20} more` : ''
      return `Step "${step}" failed for ${failed.length} of ${all} partitions: ${named}${more}.`
    },
    'Fix the errors in the log lines of these partitions, then retry the run: only the missing partitions are materialized.',
  ),
  DAGMA_ITEMS_FAILED: entry<{ failed: readonly string[]; count: number; all: number }>(
    'user_code',
    ({ failed, count, all }) => {
      const more = count > failed.length ? ` and ${count - failed.length} more` : ''
      return `${count} of ${all} items failed: ${failed.map((key) => `"${excerpt(key)}"`).join(', ')}${more}.`
    },
    'Fix the error below, then retry the run: only the missing items are processed.',
  ),
  DAGMA_ITEMS_INVALID: entry<{ reason: string }>(
    'user_code',
    ({ reason }) => `items() cannot run: ${reason}.`,
    'Give each item a unique key and each items() call in a step a unique name, and set concurrency and batch to integers of at least 1.',
  ),
  DAGMA_TIMEOUT: entry<{ step: string; seconds: number; neverPaused?: boolean }>(
    'execution',
    ({ step, seconds, neverPaused }) =>
      `Step "${step}" did not finish within ${seconds} s${neverPaused ? ', and could not be stopped because it never yielded to the event loop' : ''}.`,
    'Raise timeoutSeconds or make the step faster. Pass its signal to the calls that it awaits, and await inside long loops.',
  ),
  DAGMA_RESULT_WRONG: entry<{ step: string; reason: string }>(
    'user_code',
    ({ step, reason }) => `Step "${step}" returned an invalid result: ${reason}.`,
    'Return what the step declares.',
  ),
  DAGMA_CHECKS_FAILED: entry<{ checks: readonly string[] }>(
    'user_code',
    ({ checks }) => `Blocking checks failed: ${checks.join(', ')}.`,
    'Inspect the metadata of the checks; downstream assets were not materialized.',
  ),
  DAGMA_RUN_NOT_RETRYABLE: entry<{ run: string; reason: string }>(
    'definition',
    ({ run, reason }) => `Run "${run}" cannot be retried: ${reason}.`,
    'Retry a run that failed or was canceled and whose config contains no secret.',
  ),
  DAGMA_RUN_NOT_ENDABLE: entry<{ run: string; reason: string }>(
    'definition',
    ({ run, reason }) => `Run "${run}" cannot be ended: ${reason}.`,
    'Stop its process, which ends the run, or pass --force to record it as failed anyway.',
  ),
  DAGMA_RUN_NOT_REPORTABLE: entry<{ run: string }>(
    'definition',
    ({ run }) => `Run "${run}" cannot be reported: it is still running.`,
    ({ run }) => `Wait until it ends, then run \`dagma report ${run}\`.`,
  ),
  DAGMA_TICK_UNKNOWN: entry<{ what: string; name: string; known: readonly string[] }>(
    'definition',
    ({ what, name, known }) => `There is no ${what} "${name}" (${what}s: ${known.length > 0 ? known.join(', ') : 'none'}).`,
    'Use one of these names.',
  ),
  DAGMA_TICK_INVALID: entry<{ who: string; reasons: readonly string[] }>(
    'user_code',
    ({ who, reasons }) => `${who} returned an invalid result: ${reasons.join('; ')}.`,
    'Return runRequest(), a list of run requests, skipReason() or nothing; a sensor can also return an object with runRequests, skipReason, cursor and dynamicPartitions.',
  ),
  DAGMA_CRON_INVALID: entry<{ what: string; cron: string; reason: string }>(
    'definition',
    ({ what, cron, reason }) => `${what} has an invalid cron expression "${cron}": ${reason}.`,
    'Use five fields, for example "0 2 * * *" for 02:00 every day.',
  ),
  DAGMA_TIMEZONE_UNKNOWN: entry<{ what: string; timezone: string }>(
    'definition',
    ({ what, timezone }) => `${what} has an unknown time zone "${timezone}".`,
    'Use an IANA name such as "UTC" or "Europe/Berlin".',
  ),
  DAGMA_JOB_UNKNOWN: entry<{ job: string; known: readonly string[]; wantedBy: string | undefined }>(
    'definition',
    ({ job, known, wantedBy }) =>
      `${wantedBy === undefined ? 'There' : `${wantedBy} refers to a job that is not in definitions(): there`} is no job "${job}" (jobs: ${known.length > 0 ? known.join(', ') : 'none'}).`,
    'Use one of these jobs, or add it to definitions().',
  ),
  DAGMA_SELECTION_UNKNOWN: entry<{ selection: string; unknown: string; nearest: string | undefined }>(
    'definition',
    ({ selection, unknown, nearest }) =>
      `The selection "${excerpt(selection)}" contains "${excerpt(unknown)}", which matches no asset.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
    'Run `dagma asset list` to see the assets.',
  ),
  DAGMA_SELECTION_SYNTAX: entry<{ selection: string; reason: string }>(
    'definition',
    ({ selection, reason }) => `The selection "${excerpt(selection)}" is invalid: ${reason}.`,
    'Write it as Dagster does, for example `key:"a" or group:llm`, `+a`, `a+`, or a list such as `a,b`.',
  ),
  DAGMA_JOB_SELECTION: entry<{ job: string; reason: string }>(
    'definition',
    ({ job, reason }) => `${job}: ${reason}`,
    "Fix the job's selection.",
  ),
  DAGMA_SELECTION_EMPTY: entry<{ what: string; selection: string; such?: string }>(
    'definition',
    ({ what, selection, such = 'asset' }) => `${what} selects no ${such} ("${selection}").`,
    'Select at least one.',
  ),
  DAGMA_CONFIG_INVALID: entry<{ step: string; of?: string; issues: readonly string[] }>(
    'definition',
    ({ step, of, issues }) => `The config of "${step}"${of === undefined ? '' : ` in ${of}`} is invalid: ${issues.join('; ')}.`,
    'Fix these config fields.',
  ),
  DAGMA_CONFIG_UNKNOWN: entry<{ step: string; of?: string; reason: string }>(
    'definition',
    ({ step, of, reason }) => `Config was passed for "${step}"${of === undefined ? '' : ` in ${of}`}, ${reason}.`,
    'Pass config only for selected assets that declare it.',
  ),
  DAGMA_OPTION_INVALID: entry<{ option: string; of?: string; reason: string }>(
    'definition',
    ({ option, of, reason }) => `The option "${option}"${of === undefined ? '' : ` of ${of}`} ${reason}.`,
    'Pass a valid value.',
  ),
  DAGMA_OPTION_UNKNOWN: entry<{ option: string; of: string; nearest: string | undefined; known: readonly string[] }>(
    'definition',
    ({ option, of, nearest, known }) =>
      `${of} has no option "${option}"${nearest === undefined ? ` (options: ${known.join(', ')})` : ''}.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
    'Remove it, or correct its name.',
  ),
  DAGMA_PROJECT_NOT_FOUND: entry<{ folder: string }>(
    'definition',
    ({ folder }) => `No Dagma project was found in ${folder} or above it.`,
    'Set projectFolder to a folder whose package.json has `"dagma": { "definitions": "src/definitions.ts" }`, or work inside one.',
  ),
  DAGMA_MODULE_NOT_FOUND: entry<{ file: string }>(
    'definition',
    ({ file }) => `There is no definitions module at ${file}.`,
    'Set the correct file with -m, or in the "dagma" field of package.json.',
  ),
  DAGMA_MODULE_FAILED: entry<{ place: string; reason: string }>(
    'definition',
    ({ place, reason }) => `${place}: ${reason}`,
    'Fix the module. Nothing was run.',
  ),
  DAGMA_TWO_COPIES: entry<{ copies: readonly string[] }>(
    'definition',
    ({ copies }) => `This process has loaded ${copies.length} copies of dagma: ${copies.join(', ')}.`,
    'Install one: `npm ls dagma` (`pnpm why dagma`, `yarn why dagma`) shows who depends on which. Run the command line as `npx dagma` in the project.',
  ),
  DAGMA_MODULE_PATTERN: entry<{ reason: string }>(
    'definition',
    ({ reason }) => `The "modules" of "dagma" in package.json ${reason}.`,
    'Set a pattern that matches the modules of your assets, such as `"modules": "src/defs/**/*.ts"`.',
  ),
  DAGMA_MODULE_LIST_OUTDATED: entry<{ file: string; missing: readonly string[]; gone: readonly string[] }>(
    'definition',
    ({ file, missing, gone }) => {
      const differences = [...missing.map((name) => `${name} is missing`), ...gone.map((name) => `${name} is gone`)]
      return `${file} is not the list of modules that package.json describes${differences.length > 0 ? `: ${differences.join(', ')}` : ''}.`
    },
    'Run `dagma generate`.',
  ),
  DAGMA_MODULE_LIST_FOREIGN: entry<{ file: string }>(
    'definition',
    ({ file }) => `${file} was not written by \`dagma generate\`, which would replace it.`,
    'Rename the file.',
  ),
  DAGMA_ENV_FILE_INVALID: entry<{ file: string; reason: string }>(
    'definition',
    ({ file, reason }) => `${file} ${reason}.`,
    'Make it a UTF-8 text file with one NAME=value per line, or remove it.',
  ),
  DAGMA_TYPESCRIPT_UNSUPPORTED: entry<{ place: string; form: string }>(
    'definition',
    ({ place, form }) => `${place}: this uses ${form}, which Node cannot run: it only strips types.`,
    'Write it in plain JavaScript (an object for an enum, fields for parameter properties, `import a from "b"` for `import a =`, `value as T` for `<T>value`), or run compiled JavaScript. `erasableSyntaxOnly` in tsconfig.json finds most of these.',
  ),
  DAGMA_FILE_TYPE_UNSUPPORTED: entry<{ place: string }>(
    'definition',
    ({ place }) => `${place}: Node cannot load this kind of file.`,
    'Use .ts without JSX, .js or .json, or run compiled JavaScript.',
  ),
  DAGMA_TYPESCRIPT_IN_PACKAGE: entry<{ place: string }>(
    'definition',
    ({ place }) => `${place}: this package ships TypeScript, which Node does not run in node_modules.`,
    'Use a build of the package that ships JavaScript.',
  ),
  DAGMA_IMPORT_NOT_FOUND: entry<{ place: string; wanted: string; meant: string | undefined }>(
    'definition',
    ({ place, wanted, meant }) =>
      `${place}: this imports ${wanted}, which does not exist.${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
    'Write the file name with its extension, as in `import { a } from "./a.ts"`.',
  ),
  DAGMA_IMPORT_ALIAS: entry<{
    place: string
    name: string
    config: string | undefined
    direct: string | undefined
    key: string
    target: string
  }>(
    'definition',
    ({ place, name, config }) =>
      `${place}: this imports "${name}", ${config === undefined ? 'which looks like' : `which ${config} declares as`} a path alias: TypeScript resolves it, Node does not.`,
    ({ direct, key, target }) =>
      `Import ${direct === undefined ? 'the file by its relative path' : `"${direct}"`}, or declare \`"imports": { "${key}": "${target}" }\` in package.json and import from "${String(key).replace('*', '…')}".`,
  ),
  DAGMA_PLUG_AND_PLAY: entry<{ folder: string }>(
    'definition',
    ({ folder }) => `${folder} uses Yarn Plug'n'Play, which has no node_modules; Dagster could not find the project's packages there.`,
    'Write `nodeLinker: node-modules` into .yarnrc.yml and run `yarn install`.',
  ),
  DAGMA_PACKAGE_MISSING: entry<{ place: string; name: string }>(
    'definition',
    ({ place, name }) => `${place}: this imports the package "${name}", which is not installed.`,
    ({ name }) => `Install it, for example with \`npm install ${name}\`.`,
  ),
  DAGMA_MODULE_NO_DEFINITIONS: entry<{ file: string }>(
    'definition',
    ({ file }) => `${file} has no default export created with definitions().`,
    'Write `export default definitions({ assets: [...] })`.',
  ),
  DAGMA_SECRET_MISSING: entry<{ variable: string }>(
    'execution',
    ({ variable }) => `The secret ${variable} is not set.`,
    ({ variable }) => `Set the environment variable ${variable}, for example in the project's .env file.`,
  ),
  DAGMA_SECRET_SHORT: entry<{ variable: string; shortest: number }>(
    'execution',
    ({ variable, shortest }) => `The secret ${variable} has fewer than ${shortest} characters, which is too short to redact reliably.`,
    'Use a longer secret.',
  ),
  DAGMA_SECRET_IN_DEFINITIONS: entry<{ field: string; variables: readonly string[] }>(
    'definition',
    ({ field, variables }) =>
      `A known secret, the value of ${variables.join(', ')}, is in ${field}, which is stored and displayed in plain text.`,
    'Remove it, and call reveal() where the value is used. If the variable is not a secret, exclude it: DAGMA_SECRETS=!NAME.',
  ),
  DAGMA_SECRET_IN_TICK: entry<{ field: string; variables: readonly string[] }>(
    'user_code',
    ({ field, variables }) =>
      `A known secret, the value of ${variables.join(', ')}, is in ${field}, which is stored and used in plain text.`,
    'Remove it, and call reveal() in the step that uses it. If the variable is not a secret, exclude it: DAGMA_SECRETS=!NAME.',
  ),
  DAGMA_METADATA_INVALID: entry<{ key: string; reason: string }>(
    'user_code',
    ({ key, reason }) => `The metadata value "${key}" ${reason}.`,
    'Pass a JSON value, or one created with MetadataValue.',
  ),
  DAGMA_URL_INVALID: entry<{ what: string; reason: string }>(
    'user_code',
    ({ what, reason }) => `${what} ${reason}.`,
    'Use an absolute http or https URL without user name and password.',
  ),
  DAGMA_VALUE_NOT_STORABLE: entry<{ what: string; reason: string }>(
    'user_code',
    ({ what, reason }) => `The ${what} cannot be stored as JSON: ${reason}.`,
    'Return JSON data: plain objects and arrays of text, finite numbers, true, false and null (`Object.fromEntries(map)`, `[...set]`, `{ ...instance }`), or use a typedIOManager() that can store it.',
  ),
  DAGMA_INPUT_MISSING: entry<{ who: string; values: readonly string[]; isOne: boolean; commands: readonly string[] }>(
    'execution',
    ({ who, values }) => `${who} needs ${values.join(', and ')}.`,
    ({ isOne, commands }) =>
      commands.length > 0
        ? `Materialize ${isOne ? 'it' : 'them'} first: ${commands.map((command) => `\`${command}\``).join(', then ')}.`
        : 'List it in `deps` if its value is not needed, or bind an IO manager that can load it.',
  ),
  DAGMA_VALUE_UNREACHABLE: entry<{
    who: string
    value: string
    partitions: readonly string[]
    runId: string
    storedBy: string | undefined
    difference: 'none' | 'older' | 'newer' | 'other'
    host: string
    place: string | undefined
    command: string
  }>(
    'execution',
    ({ who, value, partitions, runId, storedBy, difference, host, place }) => {
      const which =
        partitions.length === 0
          ? ''
          : `, ${partitions.length > 1 ? 'partitions' : 'partition'} ${partitions.map((one) => `"${one}"`).join(', ')}`
      const by = storedBy === undefined ? '' : ` on ${storedBy}`
      const found =
        difference === 'none'
          ? 'none'
          : difference === 'other'
            ? 'a different one'
            : `${difference === 'older' ? 'an' : 'a'} ${difference} one`
      const where = place === undefined ? 'in its storage' : `in ${place}`
      return `${who} needs the value of "${value}"${which} that run ${runId.slice(0, 8)} stored${by}. On ${host}, there is ${found} ${where}.`
    },
    ({ difference, command }) =>
      difference === 'newer'
        ? 'Another run has stored a newer value since: run one materialization of it at a time, or partition it.'
        : `If steps run on several machines, store values where every machine can read them: on a shared volume, or with \`s3IOManager()\` or \`storageIOManager()\`. Otherwise materialize it again: \`${command}\`.`,
  ),
  DAGMA_VALUE_UNREADABLE: entry<{ asset: string; file: string; command: string }>(
    'execution',
    ({ asset, file }) => `The stored value of asset "${asset}" cannot be read (${file}).`,
    ({ command }) => `Materialize it again: \`${command}\`.`,
  ),
  DAGMA_STORAGE_FAILED: entry<{
    what: string
    action: 'stored' | 'loaded'
    place: string
    reason: string
  }>(
    'execution',
    ({ what, action, place, reason }) => `The ${what} cannot be ${action} (${place}): ${reason}.`,
    'For files, free disk space, fix the permissions, or remove a file where a folder is expected. For another storage, check that it exists, that it can be reached from this machine, and that the credentials allow it.',
  ),
  DAGMA_RESOURCE_FAILED: entry<{ resource: string; reason: string }>(
    'user_code',
    ({ resource, reason }) => `The resource "${resource}" could not be opened: ${reason}`,
    'Check its settings.',
  ),
  DAGMA_STEP_FAILED: entry<{ step: string; reason: string }>(
    'user_code',
    ({ step, reason }) => `Step "${step}" failed: ${reason}`,
    'Fix the error below.',
  ),
  DAGMA_PROCESS_EXITED: entry<{ exitCode: number; steps: readonly string[] }>(
    'user_code',
    ({ exitCode, steps }) => `The process exited with code ${exitCode} while ${runningSteps(steps)}.`,
    'Find the call to process.exit(), in the definitions, a step, a hook, a resource or a library, and throw an error there instead.',
  ),
  DAGMA_UNCAUGHT_ERROR: entry<{ reason: string; steps: readonly string[] }>(
    'user_code',
    ({ reason, steps }) => `An uncaught error ended the process while ${runningSteps(steps)}: ${reason}`,
    'Await every promise, and listen to the "error" event of every emitter.',
  ),
  DAGMA_NEVER_SETTLED: entry<object>(
    'user_code',
    () => 'The command awaits a promise that never settles.',
    'Settle every promise that a schedule, a sensor, a config schema or a resource returns.',
  ),
  DAGMA_CANCELED: entry<{ what: string }>('execution', ({ what }) => `${what} was canceled.`, 'Start it again if needed.'),
  DAGMA_RUN_UNKNOWN: entry<{ run: string | undefined }>(
    'definition',
    ({ run }) => `There is no run ${run === undefined ? '' : `"${run}" `}in this project's event log.`,
    'Run `dagma run list` to see the runs.',
  ),
  DAGMA_ASSET_UNKNOWN: entry<{ asset: string; nearest: string | undefined }>(
    'definition',
    ({ asset, nearest }) => `There is no asset "${asset}".${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
    'Run `dagma asset list` to see the assets.',
  ),
  DAGMA_EVENT_LOG_NEWER: entry<{ file: string; found: number; known: number }>(
    'execution',
    ({ file, found, known }) => `The event log ${file} has schema version ${found}; this version of Dagma supports ${known}.`,
    'Use the newer Dagma that wrote it, or move the file away.',
  ),
  DAGMA_EVENT_LOG_UNWRITABLE: entry<{ file: string; reason: string }>(
    'execution',
    ({ file, reason }) => `The event log ${file} cannot be written: ${reason}.`,
    'Free disk space or fix the problem above, then retry the runs that were interrupted: `dagma run list`, `dagma run retry <run>`.',
  ),
  DAGMA_EVENT_LOG_LOCKED: entry<{ file: string }>(
    'execution',
    ({ file }) => `The event log ${file} is locked by another process.`,
    'Wait until that process ends, or find it with `fuser` or `lsof` and stop it, then run the command again.',
  ),
  DAGMA_EVENT_LOG_DAMAGED: entry<{ file: string; reason: string }>(
    'execution',
    ({ file, reason }) => `The event log ${file} is damaged: ${reason}.`,
    'Move it away, together with the files next to it whose names begin with its name, or restore a backup. Stored values are in separate files and are kept; the next run creates a new event log.',
  ),
  DAGMA_PYTHON_MISSING: entry<{ reason: string }>(
    'execution',
    ({ reason }) => `Dagster needs Python 3.10 or newer: ${reason}.`,
    'Install Python (with venv) or uv, and start again. The embedded engine needs neither.',
  ),
  DAGMA_SETUP_FAILED: entry<{ command: string; reason: string }>(
    'execution',
    ({ command, reason }) => `Dagster could not be set up: \`${command}\`: ${reason}`,
    'Fix the error below and start again; the steps that succeeded are not repeated.',
  ),
  DAGMA_PORT_TAKEN: entry<{ port: number }>(
    'execution',
    ({ port }) => `Port ${port} is in use.`,
    'Stop the program that uses it, or choose another port with -p.',
  ),
  DAGMA_DAGSTER_ENDED: entry<{ reason: string }>(
    'execution',
    ({ reason }) => `Dagster exited unexpectedly: ${reason}.`,
    'Read its last output lines, and start `dagma dev` again.',
  ),
  DAGMA_POOL_NO_PYTHON: entry<{ reason: string }>(
    'execution',
    ({ reason }) => `The worker pool is not available: ${reason}.`,
    'Install `dagster-dagma[worker-pool]` in the Python that DAGMA_PYTHON names, and set DAGSTER_HOME to an instance with PostgreSQL.',
  ),
  DAGMA_REPORT_NO_PYTHON: entry<{ reason: string }>(
    'execution',
    ({ reason }) => `No Python environment can report to Dagster: ${reason}.`,
    'Run `npx dagma dev --check` once to create one, or report to a Dagster web server with --to.',
  ),
  DAGMA_REPORT_FAILED: entry<{ runs: readonly string[]; to: string }>(
    'execution',
    ({ to }) => `Reporting to ${to} failed; events that were reported before are kept.`,
    ({ runs }) => `Fix the error below, then run \`dagma report ${runs.join(' ')}\`; events that Dagster already has are skipped.`,
  ),
  DAGMA_MESSAGE_UNKNOWN: entry<{ reason: string }>(
    'protocol',
    ({ reason }) => `The host sent a message that this worker does not know: ${reason}.`,
    'Install the same version of the npm package `dagma` and the Python package `dagster-dagma`.',
  ),
  DAGMA_WORKER_NOT_HOSTED: entry<{ reason: string }>(
    'protocol',
    ({ reason }) => `\`dagma worker\` is started by the Dagster host, not by hand: ${reason}.`,
    'Use `dagma asset materialize` or `dagma job launch`.',
  ),
  DAGMA_PIPES_NOT_STARTED: entry<object>(
    'definition',
    () => '`dagma pipes` is started by a Pipes client of Dagster, not by hand: there is no session.',
    'Use `dagma asset materialize` here, or start this command with PipesSubprocessClient or another client.',
  ),
  DAGMA_PIPES_PARAMS_INVALID: entry<{ variable: string; reason: string }>(
    'protocol',
    ({ variable, reason }) => `The parameter ${variable} of Dagster Pipes ${reason}.`,
    'Start this process with a Pipes client of Dagster; for a custom context injector or message reader, pass a contextLoader or messageWriter to openPipes().',
  ),
  DAGMA_PIPES_ASSET_KEY: entry<{ method: string; reason: string }>(
    'user_code',
    ({ method, reason }) => `${method}() ${reason}.`,
    'Set assetKey to one of context.assetKeys.',
  ),
  DAGMA_PIPES_REPORT_INVALID: entry<{ method: string; reason: string }>(
    'user_code',
    ({ method, reason }) => `${method}() ${reason}.`,
    'Fix the call, and report each asset once.',
  ),
  DAGMA_PIPES_UNDEFINED: entry<{ what: string; reason: string }>(
    'user_code',
    ({ what, reason }) => `The Pipes context has no ${what}: ${reason}.`,
    'Check isActive, isAssetStep, isPartitionStep or extras first.',
  ),
  DAGMA_PIPES_CLOSED: entry<{ method: string }>(
    'user_code',
    ({ method }) => `${method}() was called after the Pipes session was closed.`,
    'Report before close(), or before the function passed to runPipes() ends.',
  ),
  DAGMA_PIPES_DELIVERY_FAILED: entry<{ reason: string }>(
    'execution',
    ({ reason }) => `Messages could not be delivered to Dagster: ${reason}.`,
    'Check that this process can write to the location that the message reader reads; for S3, check region, credentials and bucket.',
  ),
  DAGMA_BUDGET_EXCEEDED: entry<{
    of: string
    per: 'run' | 'day' | 'month'
    model: string
    limit: 'maxCost' | 'maxTokens'
    spent: number
    most: number
  }>(
    'execution',
    ({ of, per, model, limit, spent, most }) =>
      `The budget of ${of} is used up: ${spent} of ${most} ${limit === 'maxCost' ? '(cost)' : 'tokens'} of this ${per}. Model "${model}" was not called.`,
    ({ limit, per }) =>
      `Raise ${limit}${per === 'run' ? '' : `, or wait for the next ${per} (UTC)`}, then retry the run: completed work is kept.`,
  ),
  DAGMA_PRICE_MISSING: entry<{ model: string; of: string }>(
    'execution',
    ({ model, of }) => `The budget of ${of} has a maxCost, but model "${model}" has no known price. It was not called.`,
    'Add the model to model-prices.json in the project folder, or use maxTokens.',
  ),
  DAGMA_SPENDING_UNRECORDED: entry<{ file: string; reason: string }>(
    'execution',
    ({ file, reason }) => `Token usage cannot be recorded in ${file}: ${reason}.`,
    'Check the permissions of the folder and the free space on its disk; budgets cannot be enforced without it.',
  ),
  DAGMA_PRICES_INVALID: entry<{ file: string; reason: string }>(
    'definition',
    ({ file, reason }) => `${file} ${reason}.`,
    'Write { "date": "2026-11-28", "currency": "USD", "models": { "name": { "input": 0.25, "output": 2 } } }, with prices per million tokens.',
  ),
  DAGMA_BUDGET_NOT_SHARED: entry<{ budget: string; executor: string; of: string }>(
    'definition',
    ({ budget, executor, of }) =>
      `The budget of ${budget} cannot be enforced: the executor "${executor}" of ${of} runs steps on several machines, which do not share their spending.`,
    'Use the executor "dagma", "in_process" or "multiprocess", or remove the budget.',
  ),
  DAGMA_INTERNAL: entry<{ reason: string }>('internal', ({ reason }) => `Dagma has a bug: ${reason}.`, 'Please report it.'),
} as const

/** A permanent error code; `docs/errors.md` lists them with their hints. */
export type ErrorCode = keyof typeof catalogue

/** The details that the message of that code needs. */
export type ErrorDetails<Code extends ErrorCode> = (typeof catalogue)[Code] extends Entry<infer Details> ? Details : never
