import { dagmaError } from '../../errors.ts'
import type { AssetCheck } from '../assets/asset-check.ts'
import type { Job } from '../automation/job.ts'
import type { Schedule } from '../automation/schedule.ts'
import type { Sensor } from '../automation/sensor.ts'
import { type AnyAsset, isDefinitions } from '../model.ts'

/** The lists of a project's definitions. */
export interface DeclaredLists {
  readonly assets: readonly AnyAsset[]
  readonly checks: readonly AssetCheck[]
  readonly jobs: readonly Job[]
  readonly schedules: readonly Schedule[]
  readonly sensors: readonly Sensor[]
}

const assetTypes: readonly unknown[] = ['asset', 'multi_asset', 'external_asset', 'observable_asset'] satisfies AnyAsset['type'][]
/** An automation carries its source: an object of options that has the same member does not. */
const declaredWith =
  (member: string) =>
  (item: object): boolean =>
    member in item && 'source' in item && typeof item.source === 'function'

/** Whether an object belongs into a list, by the list's name. */
export const belongsInto: { readonly [List in keyof DeclaredLists]: (item: object) => boolean } = {
  assets: (item) => 'type' in item && assetTypes.includes(item.type) && ('step' in item || 'spec' in item),
  checks: (item) => 'type' in item && item.type === 'asset_check' && 'step' in item,
  jobs: declaredWith('selection'),
  schedules: declaredWith('cronSchedule'),
  sensors: declaredWith('minimumIntervalSeconds'),
}
const listNames = Object.keys(belongsInto) as (keyof DeclaredLists)[]

/**
 * Collects the exports of modules, alone or in lists: assets, checks, jobs, schedules and sensors. Other exports are ignored.
 * @throws DAGMA_OPTION_INVALID when one of them is not a module, is the module of definitions(), or has not been evaluated yet
 */
export function collectModules(modules: unknown): DeclaredLists {
  if (!Array.isArray(modules)) throw wrong('must be a list of modules, each imported as `import * as name from …`')
  const found: Record<keyof DeclaredLists, object[]> = { assets: [], checks: [], jobs: [], schedules: [], sensors: [] }
  for (const [index, module] of modules.entries()) {
    for (const value of exportsOf(module, index + 1)) {
      const list = listOf(value)
      if (list !== undefined) found[list].push(value)
    }
  }
  return found as unknown as DeclaredLists
}

function exportsOf(module: unknown, position: number): object[] {
  if (typeof module !== 'object' || module === null || listOf(module) !== undefined)
    throw wrong(`has something else than a module at position ${position}; import it as \`import * as name from …\``)
  const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
  return Object.keys(module).flatMap((name) => {
    const value = exported(module, name, position)
    if (isDefinitions(value)) throw wrong(`has a module at position ${position} that exports definitions(); a project has one of those`)
    return (Array.isArray(value) ? value : [value]).filter(isObject)
  })
}

/** An export is not there before its module has been evaluated, which modules that import each other find out. */
function exported(module: object, name: string, position: number): unknown {
  try {
    return (module as { readonly [name: string]: unknown })[name]
  } catch (error) {
    const reason = `has a module at position ${position} whose export "${name}" is not there yet, as when modules import each other in a cycle`
    throw wrong(reason, error)
  }
}

function listOf(value: object): keyof DeclaredLists | undefined {
  return listNames.find((list) => belongsInto[list](value))
}

function wrong(reason: string, cause?: unknown): Error {
  return dagmaError('DAGMA_OPTION_INVALID', { option: 'modules', of: 'definitions()', reason }, cause)
}
