import { type DagmaError, dagmaError } from '../../errors.ts'
import type { AssetCheck } from '../assets/asset-check.ts'
import { keyText } from '../assets/asset-key.ts'
import type { Step } from '../assets/step.ts'
import { stepLabel } from '../assets/step-label.ts'
import type { AnyAsset, AssetNode, CheckNode, Definitions } from '../model.ts'
import { nearestName } from '../options/nearest-name.ts'
import { type Located, placeText } from '../options/place.ts'

/** The assets, steps and checks of a project, in dependency order. What is wrong with them goes into `errors`. */
export function collectGraph(
  declared: readonly AnyAsset[],
  checks: readonly AssetCheck[],
  errors: DagmaError[],
): Pick<Definitions, 'assets' | 'steps' | 'checks'> {
  const distinct = new Set([...declared, ...checks])
  const steps = distinctSteps(stepsOf(distinct), errors)
  const nodes = [...distinct].flatMap((item): AssetNode[] => {
    if (item.type === 'external_asset') return [{ ...item.spec, step: undefined, source: item.source }]
    return item.step.assets.map((spec) => ({ ...spec, step: item.step, source: item.step.source }))
  })
  const assets = topologicalOrder(
    unique('asset', nodes, (node) => keyText(node.key), errors),
    (node) => node.deps.map((dep) => keyText(dep.key)),
    errors,
  )
  const evaluated = stepsOf(distinct).flatMap((step) => step.checks.map((spec) => ({ ...spec, step })))
  // Assets in a cycle have steps in a cycle: that is one problem, reported already.
  const hasCycle = errors.some((error) => error.code === 'DAGMA_CYCLE')
  const inStepOrder = topologicalOrder(steps, (step) => stepsBefore(step, assets), hasCycle ? [] : errors)
  const graph = { assets, steps: inStepOrder, checks: checksByName(evaluated, errors) }
  for (const node of assets.values())
    for (const dep of node.deps) expectAsset(keyText(dep.key), () => `Asset "${keyText(node.key)}"${placeText(node)}`, graph, errors)
  for (const step of steps.values()) checkStepNeeds(step, graph, errors)
  return graph
}

/** A check's name in the project: the asset's key text, ":" and its own name. */
export function checkText(check: { readonly asset: readonly string[]; readonly name: string }): string {
  return `${keyText(check.asset)}:${check.name}`
}

/** Names of the steps that must come before a step: those that make its assets' and its own upstream assets, and the assets it checks. */
export function stepsBefore(step: Step, assets: Definitions['assets']): string[] {
  const upstream = [
    ...step.assets.flatMap((spec) => spec.deps.map((dep) => keyText(dep.key))),
    ...Object.values(step.inputs).map((dep) => keyText(dep.key)),
    ...(step.kind === 'check' ? step.checks.map((check) => keyText(check.asset)) : []),
  ]
  const names = upstream.map((key) => assets.get(key)?.step?.name)
  return [...new Set(names)].filter((name): name is string => name !== undefined && name !== step.name)
}

/** The items by name, each name once; a name that two different items have is an error. */
export function unique<Item extends Located>(
  what: string,
  items: readonly Item[],
  nameOf: (item: Item) => string,
  errors: DagmaError[],
): Map<string, Item> {
  const found = new Map<string, Item>()
  for (const item of items) {
    const name = nameOf(item)
    const first = found.get(name)
    if (first === undefined) found.set(name, item)
    else if (first !== item)
      errors.push(
        dagmaError('DAGMA_KEY_DUPLICATE', {
          what,
          key: name,
          places: [first, item].map((one) => placeText(one).slice(2, -1)).filter((place) => place !== ''),
        }),
      )
  }
  return found
}

function checksByName(checks: readonly CheckNode[], errors: DagmaError[]): Map<string, CheckNode> {
  const placed = checks.map((check) => ({ check, source: check.step.source }))
  const found = unique('check', placed, ({ check }) => checkText(check), errors)
  return new Map([...found].map(([name, { check }]) => [name, check]))
}

/** The steps by name. Different keys can give one name, by which Dagster and the worker distinguish steps; equal keys are reported as such. */
function distinctSteps(all: readonly Step[], errors: DagmaError[]): Map<string, Step> {
  const steps = new Map<string, Step>()
  const subject = (step: Step): string =>
    step.kind === 'check'
      ? `Check "${step.checks.map(checkText).join(', ')}"`
      : `Asset "${step.assets.map((spec) => keyText(spec.key)).join(', ')}"`
  for (const step of all) {
    const first = steps.get(step.name)
    if (first === undefined) steps.set(step.name, step)
    else if (subject(first) !== subject(step))
      errors.push(
        dagmaError('DAGMA_STEP_NAME_DUPLICATE', {
          makers: [first, step].map((one) => `${subject(one)}${placeText(one)}`),
          step: step.name,
        }),
      )
  }
  return steps
}

function stepsOf(items: Iterable<AnyAsset | AssetCheck>): Step[] {
  return [...items].flatMap((item) => (item.type === 'external_asset' ? [] : [item.step]))
}

/** The items with those before them first, otherwise as declared. Each cycle is reported once. No recursion: chains may be long. */
function topologicalOrder<Item extends Located>(
  items: ReadonlyMap<string, Item>,
  before: (item: Item) => readonly string[],
  errors: DagmaError[],
): Map<string, Item> {
  const ordered = new Map<string, Item>()
  const path: { readonly name: string; readonly item: Item; readonly left: string[] }[] = []
  const onPath = new Set<string>()
  const enter = (name: string): void => {
    const item = items.get(name)
    if (item === undefined || ordered.has(name)) return
    if (onPath.has(name)) {
      const names = [...onPath]
      const cycle = names.slice(names.indexOf(name)).map((one) => `${one}${placeText(items.get(one) ?? item)}`)
      errors.push(dagmaError('DAGMA_CYCLE', { path: [...cycle, name] }))
      return
    }
    onPath.add(name)
    path.push({ name, item, left: [...before(item)].reverse() })
  }
  for (const root of items.keys()) {
    enter(root)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.left.pop()
      if (next !== undefined) enter(next)
      else {
        path.pop()
        onPath.delete(top.name)
        ordered.set(top.name, top.item)
      }
    }
  }
  return ordered
}

function checkStepNeeds(step: Step, graph: Pick<Definitions, 'assets'>, errors: DagmaError[]): void {
  const who = (): string => `Step "${stepLabel(step)}"${placeText(step)}`
  const known = new Set(step.assets.flatMap((spec) => spec.deps.map((dep) => keyText(dep.key))))
  for (const dep of Object.values(step.inputs)) if (!known.has(keyText(dep.key))) expectAsset(keyText(dep.key), who, graph, errors)
  if (step.kind === 'check')
    for (const check of step.checks) expectAsset(keyText(check.asset), () => `Check "${check.name}"${placeText(step)}`, graph, errors)
}

/** `who` is made only for an error: to find the place of a definition takes longer than all checks of it. */
function expectAsset(key: string, who: () => string, { assets }: Pick<Definitions, 'assets'>, errors: DagmaError[]): void {
  if (!assets.has(key))
    errors.push(dagmaError('DAGMA_DEP_UNKNOWN', { who: who(), dep: key, nearest: nearestName(key, [...assets.keys()]) }))
}
