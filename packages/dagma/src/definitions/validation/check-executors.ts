import { type DagmaError, dagmaError } from '../../errors.ts'
import { plainJson } from '../../metadata/plain-json.ts'
import type { Step } from '../assets/step.ts'
import { stepLabel } from '../assets/step-label.ts'
import { type Executor, executorNames, executorOptions, isolatesSteps, leavesMachine, type OpTags } from '../executor.ts'
import type { Declared, ResolvedJob } from '../model.ts'
import { nearestName } from '../options/nearest-name.ts'
import { placeText } from '../options/place.ts'
import { inProcessValues, isSelected } from './loaded-values.ts'

/** Checks executors and op tags; what is wrong goes into `errors`. */
export function checkExecutors(declared: Declared, jobs: ReadonlyMap<string, ResolvedJob>, errors: DagmaError[]): void {
  checkExecutor('definitions()', declared.executor, errors)
  for (const step of declared.graph.steps.values()) checkOpTags(() => `step "${step.name}"${placeText(step)}`, step.opTags, errors)
  for (const job of jobs.values()) {
    const of = `job "${job.name}"${placeText(job)}`
    checkExecutor(of, job.executor, errors)
    checkOpTags(() => of, job.opTags, errors)
    expectReachable(of, job.executor, new Set(job.assetKeys))
  }
  expectReachable('definitions()', declared.executor, new Set(declared.graph.assets.keys()))
  checkBudgets(declared, jobs, errors)

  function expectReachable(of: string, executor: Executor | undefined, keys: ReadonlySet<string>): void {
    if (executor === undefined || isolatesSteps(executor) !== true) return
    const { name } = executorOptions(executor)
    for (const { step, upstream } of inProcessValues({ ...declared, ...declared.graph }))
      if (isSelected(step, keys))
        errors.push(dagmaError('DAGMA_VALUES_IN_PROCESS', { step: stepLabel(step), upstream, executor: name, of }))
  }
}

/** A budget counts what the steps of all runs on the machine spend. */
function checkBudgets(declared: Declared, jobs: ReadonlyMap<string, ResolvedJob>, errors: DagmaError[]): void {
  const expectShared = (executor: Executor | undefined, of: string, budgets: readonly string[]): void => {
    if (executor === undefined || leavesMachine(executor) !== true) return
    const { name } = executorOptions(executor)
    for (const budget of budgets) errors.push(dagmaError('DAGMA_BUDGET_NOT_SHARED', { budget, executor: name, of }))
  }
  const ofAll = declared.budget === undefined ? [] : ['definitions()']
  const steps = [...declared.graph.steps.values()]
  expectShared(declared.executor, 'definitions()', [...ofAll, ...steps.flatMap(ownBudget)])
  for (const { name, executor, budget, assetKeys } of jobs.values()) {
    const keys = new Set(assetKeys)
    const own = steps.filter((step) => isSelected(step, keys))
    const ofJob = budget === undefined ? [] : [`job "${name}"`]
    expectShared(executor, `job "${name}"`, [...ofAll, ...ofJob, ...own.flatMap(ownBudget)])
    if (executor === undefined) expectShared(declared.executor, 'definitions()', ofJob)
  }
}

function ownBudget(step: Step): string[] {
  return step.budget === undefined ? [] : [`step "${stepLabel(step)}"`]
}

const identifier = String.raw`[\p{L}_][\p{L}\p{N}_]*`
const moduleName = new RegExp(String.raw`^${identifier}(?:\.${identifier})*$`, 'u')
const variableName = new RegExp(`^${identifier}$`, 'u')

function checkExecutor(of: string, executor: Executor | undefined, errors: DagmaError[]): void {
  if (executor === undefined) return
  const complain = (reason: string) => errors.push(dagmaError('DAGMA_OPTION_INVALID', { option: 'executor', of, reason }))
  const { module, name, config = {}, ...rest } = executorOptions(executor)
  const unknown = Object.keys(rest)
  if (unknown.length > 0) complain(`has "${unknown[0]}", while it takes module, name and config`)
  if (module === undefined) {
    const nearest = nearestName(name, executorNames)
    const meant = nearest === undefined ? '' : ` (did you mean "${nearest}"?)`
    if (!executorNames.some((known) => known === name))
      complain(`is "${name}"${meant}: use one of ${executorNames.join(', ')}, or name the Python module that has it`)
  } else if (typeof module !== 'string' || !moduleName.test(module)) complain(`has a module that is not the name of a Python module`)
  else if (!variableName.test(name)) complain(`has the name "${name}", which no variable of a Python module can have`)
  if (typeof config !== 'object' || config === null || Array.isArray(config)) complain('has a config that is not an object')
  else checkJson(config, (reason) => complain(`has a config that ${reason}`))
}

function checkOpTags(of: () => string, tags: OpTags, errors: DagmaError[]): void {
  const complain = (reason: string) => errors.push(dagmaError('DAGMA_OPTION_INVALID', { option: 'opTags', of: of(), reason }))
  for (const [tag, value] of Object.entries(tags)) {
    if (value === undefined) complain(`has "${tag}" without a value`)
    else checkJson(value, (reason) => complain(`has "${tag}", which ${reason}`))
  }
}

function checkJson(value: unknown, complain: (reason: string) => void): void {
  try {
    plainJson(value, (reason) => new Error(reason))
  } catch (error) {
    complain((error as Error).message)
  }
}
