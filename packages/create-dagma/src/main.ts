/** `npm create dagma`: asks what the command line does not say, writes a project, and installs it. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { cancel, confirm, intro, isCancel, log, note, outro, select, text } from '@clack/prompts'
import { callingPackageManager, type PackageManager, packageManagers, unlocked } from './package-managers.ts'
import { workspaceOf } from './workspace.ts'
import { isFree, type Template, templates, writeProject } from './write-project.ts'

const exitCodes = { success: 0, failure: 1, invalidUsage: 2, canceled: 130 }
const templateNames = Object.keys(templates) as Template[]
const managerNames = Object.keys(packageManagers) as PackageManager[]

const help = `Usage: npm create dagma@latest [folder] -- [options]

Creates a Dagma project. Missing options are asked for; without a terminal, or with --yes, the defaults apply.

  -t, --template <name>           ${templateNames.join(', ')} (default: minimal)
  -p, --package-manager <name>    ${managerNames.join(', ')} (default: the one that runs this)
      --no-install                only write the files
      --node-package              install Node as a package of the project
  -y, --yes                       ask nothing
  -h, --help                      print this
  -V, --version                   print the version

Exit codes: 0 success, 1 the installation failed, 2 invalid usage or a folder that cannot be used.`

/** Ends the program with a code; what there was to say has been said. */
class Exit extends Error {
  readonly code: number
  constructor(code: number) {
    super()
    this.code = code
  }
}

/** Runs the program. @returns its exit code */
export async function main(args: readonly string[]): Promise<number> {
  try {
    return await create(options(args))
  } catch (error) {
    if (error instanceof Exit) return error.code
    if (!isFileError(error)) throw error
    console.error(`error: The project cannot be written: ${error.message}`)
    return exitCodes.invalidUsage
  }
}

type Options = ReturnType<typeof options>

function options(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      allowNegative: true,
      options: {
        template: { type: 'string', short: 't' },
        'package-manager': { type: 'string', short: 'p' },
        install: { type: 'boolean' },
        'node-package': { type: 'boolean' },
        yes: { type: 'boolean', short: 'y', default: false },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'V' },
      },
    })
    if (positionals.length > 1) throw new Error(`One folder can be given, not ${positionals.length}.`)
    return { ...values, folder: positionals[0] }
  } catch (error) {
    const [problem = ''] = (error as Error).message.split('. ')
    console.error(`error: ${problem.replace(/\.$/, '')}. Run \`npm create dagma@latest -- --help\` for the options.`)
    throw new Exit(exitCodes.invalidUsage)
  }
}

async function create(given: Options): Promise<number> {
  if (given.help) return say(help)
  if (given.version) return say(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version)
  const asks = !given.yes && process.stdin.isTTY === true && process.stdout.isTTY === true
  const ask = async <Value>(value: Value | undefined, preset: Value, question: () => Promise<NoInfer<Value> | symbol>): Promise<Value> =>
    value ?? (asks ? answered(await question()) : preset)
  if (asks) intro('A new Dagma project')

  const template = one(given.template, templateNames, 'template')
  const manager = one(given['package-manager'], managerNames, 'package manager')
  const name = await ask<string>(given.folder, 'dagma-project', () =>
    text({
      message: 'Into which folder?',
      placeholder: 'dagma-project',
      defaultValue: 'dagma-project',
      validate: (path) => occupied(path || 'dagma-project'),
    }),
  )
  const problem = occupied(name)
  if (problem !== undefined) return fail(problem)
  const folder = resolve(name)
  const workspace = workspaceOf(folder)
  const caller = callingPackageManager(process.env.npm_config_user_agent)
  const chosen = {
    template: await ask<Template>(template, 'minimal', () =>
      select({
        message: 'Which template?',
        options: templateNames.map((value) => ({ value, label: value, hint: templates[value].description })),
      }),
    ),
    packageManager: await ask<PackageManager>(manager, caller?.name ?? 'npm', () =>
      select({
        message: 'Which package manager?',
        options: managerNames.map((value) => ({ value, label: value })),
        initialValue: caller?.name ?? 'npm',
      }),
    ),
    nodePackage: await ask<boolean>(given['node-package'] ?? (isNodeOld() ? undefined : false), true, () =>
      confirm({ message: `Node ${process.versions.node} is too old; Dagma needs 22.18. Install Node 24 as a package of the project?` }),
    ),
    install: await ask<boolean>(given.install, true, () => confirm({ message: 'Install the packages?' })),
  }
  const packageManagerVersion = caller?.name === chosen.packageManager ? caller.version : ''
  writeProject({ folder, ...chosen, packageManagerVersion, isInWorkspace: workspace?.isMember === true })
  if (workspace?.isMember === false)
    log.warn(`The workspace in ${workspace.root} does not include this folder: add "${relative(workspace.root, folder)}" to its packages.`)
  if (chosen.nodePackage && isNodeOld())
    log.info(
      `Node ${process.versions.node} is too old for Dagma. The project has Node 24 as a package, which its scripts and ${packageManagers[chosen.packageManager].exec} use.`,
    )
  if (chosen.install) install(chosen.packageManager, workspace?.isMember ? workspace.root : folder)

  const { run, exec } = packageManagers[chosen.packageManager]
  const steps = [
    ...(folder === process.cwd() ? [] : [`cd ${quoted(relative(process.cwd(), folder))}`]),
    ...(chosen.install ? [] : [`${chosen.packageManager} install`]),
    `${run} test`,
    `${exec} dagma asset list`,
    `${run} dev          # the Dagster UI`,
  ]
  note(steps.join('\n'), 'Next')
  outro(`The project is in ${folder}, from the template ${chosen.template}.`)
  return exitCodes.success
}

function say(message: string): number {
  console.log(message)
  return exitCodes.success
}

function fail(message: string): never {
  console.error(`error: ${message}`)
  throw new Exit(exitCodes.invalidUsage)
}

/** Why a project cannot be written into a folder. */
function occupied(path: string): string | undefined {
  try {
    return isFree(resolve(path)) ? undefined : `The folder ${resolve(path)} is not empty. Name another one, or empty it first.`
  } catch (error) {
    if (isFileError(error)) return `The folder ${resolve(path)} cannot be used: ${error.message}. Name another one.`
    throw error
  }
}

/** Whether the system refused to read or write a file. */
function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}

function one<Name extends string>(name: string | undefined, known: readonly Name[], what: string): Name | undefined {
  const found = known.find((one) => one === name)
  if (name !== undefined && found === undefined) return fail(`There is no ${what} "${name}". Use ${known.join(', ')}.`)
  return found
}

function answered<Value>(answer: Value | symbol): Value {
  if (!isCancel(answer)) return answer as Value
  cancel('Nothing was written.')
  throw new Exit(exitCodes.canceled)
}

/** Whether this Node cannot run Dagma, which wants types to be stripped. */
function isNodeOld(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major < 22 || (major === 22 && minor < 18)
}

function install(packageManager: PackageManager, folder: string): void {
  log.step(`${packageManager} install`)
  const { status, error } = spawnSync(packageManager, ['install', ...unlocked[packageManager]], { cwd: folder, stdio: 'inherit' })
  if (status === 0) return
  const reason = error === undefined ? `it ended with ${status}` : error.message
  console.error(`error: \`${packageManager} install\` failed in ${folder}: ${reason}. The project is written; fix this, and run it again.`)
  throw new Exit(exitCodes.failure)
}

function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}
