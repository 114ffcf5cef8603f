/** Which steps load values that other steps have stored, by where these are kept: a host may run steps in other processes and on other machines. */
import { keyText } from '../assets/asset-key.ts'
import type { IOManager } from '../assets/io-manager.ts'
import type { Step } from '../assets/step.ts'
import { stepLabel } from '../assets/step-label.ts'
import { executorOptions, leavesMachine } from '../executor.ts'
import type { Definitions } from '../model.ts'

/** A step, and an upstream asset whose value it loads. */
export interface LoadedValue {
  readonly step: Step
  readonly upstream: string
}

/** Assets and steps, and where values are stored. */
type Loading = Pick<Definitions, 'assets' | 'steps' | 'ioManagers'>

/** Values that only the process can load that stored them. */
export function inProcessValues(loading: Loading): LoadedValue[] {
  return loadedValues(loading, (manager) => manager?.inProcess === true)
}

/** Values in files of the project's folder, where they are if the project does not say where to store them. */
export function projectFolderValues(loading: Loading): LoadedValue[] {
  return loadedValues(loading, (manager) => manager === undefined)
}

/** Whether a step belongs to a selection of assets. */
export function isSelected({ assets, checks }: Step, keys: ReadonlySet<string>): boolean {
  return [...assets.map(({ key }) => key), ...checks.map(({ asset }) => asset)].some((key) => keys.has(keyText(key)))
}

/** Warnings of declared executors that run steps on several machines, which may not share the project's folder. */
export function projectFolderWarnings(definitions: Definitions): string[] {
  const values = projectFolderValues(definitions)
  const all = { name: 'definitions()', executor: definitions.executor, assetKeys: [...definitions.assets.keys()] }
  const jobs = [...definitions.jobs.values()].map((job) => ({ ...job, name: `job "${job.name}"` }))
  return [all, ...jobs].flatMap(({ name: of, executor, assetKeys }) => {
    if (executor === undefined || leavesMachine(executor) !== true) return []
    const keys = new Set(assetKeys)
    const found = values.filter(({ step }) => isSelected(step, keys))
    const named = found.slice(0, 3).map(({ step, upstream }) => `"${stepLabel(step)}" loads "${upstream}"`)
    const more = found.length > 3 ? ` and ${found.length - 3} more` : ''
    if (named.length === 0) return []
    return [
      `The executor "${executorOptions(executor).name}" of ${of} runs steps on several machines, but values are stored in files of the project's folder: ${named.join(', ')}${more}. Say in ioManagers of definitions() where all of them find values: s3IOManager(), or jsonFileIOManager() with the folder of a shared volume.`,
    ]
  })
}

function loadedValues({ assets, steps, ioManagers }: Loading, isMeant: (manager: IOManager | undefined) => boolean): LoadedValue[] {
  const isKeptSo = (upstream: string): boolean => {
    const step = assets.get(upstream)?.step
    return step !== undefined && isMeant(ioManagers.get(step.ioManager ?? 'default'))
  }
  return [...steps.values()].flatMap((step) => {
    const upstream = [...new Set(Object.values(step.inputs).map(({ key }) => keyText(key)))]
    return upstream.filter(isKeptSo).map((one) => ({ step, upstream: one }))
  })
}
