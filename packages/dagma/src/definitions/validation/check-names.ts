import { type DagmaError, dagmaError } from '../../errors.ts'
import { keyText, stepName } from '../assets/asset-key.ts'
import type { Declared } from '../model.ts'
import { type Located, placeText } from '../options/place.ts'
import { isReserved, isReservedForJobs } from './reserved-names.ts'

/** Checks that Dagster takes each name, and each name derived from a key; what is wrong goes into `errors`. */
export function checkNames(declared: Declared, errors: DagmaError[]): void {
  const { graph, jobs, schedules, sensors } = declared
  for (const { what, key, name = key, item } of namedIn(declared)) {
    const refused = what === 'Job' ? isReservedForJobs : isReserved
    if (refused(name))
      errors.push(dagmaError('DAGMA_NAME_RESERVED', { subject: `${what} "${key}"${placeText(item)}`, name, isOwn: key === name }))
  }
  expectApart(jobs, [...graph.steps.values()], errors)
  expectApart(schedules, sensors, errors)
}

/** Something with a name that Dagster has to take: its own, or one that is derived from its key. */
interface Given {
  readonly what: string
  readonly key: string
  /** Default: the key. */
  readonly name?: string
  readonly item: Located
}

function namedIn({ graph, jobs, schedules, sensors }: Declared): Given[] {
  const byName =
    (what: string) =>
    (item: Named): Given => ({ what, key: item.name, item })
  return [
    ...[...graph.assets.values()].map((item) => ({ what: 'Asset', key: keyText(item.key), name: stepName(item.key), item })),
    ...[...graph.steps.values()].flatMap((item) => [
      ...(item.partNames === undefined ? [] : [byName('Multi-asset')(item)]),
      ...item.checks.map(({ asset, name }) => ({
        what: 'Check',
        key: `${keyText(asset)}:${name}`,
        name: `${stepName(asset)}_${name}`,
        item,
      })),
    ]),
    ...jobs.map(byName('Job')),
    ...schedules.map(byName('Schedule')),
    ...sensors.map(byName('Sensor')),
  ]
}

/** Dagster keeps the names of both lists in one place. */
function expectApart(some: readonly Named[], others: readonly Named[], errors: DagmaError[]): void {
  const byName = new Map(some.map((one) => [one.name, one]))
  for (const other of others) {
    const one = byName.get(other.name)
    if (one === undefined) continue
    const places = [one, other].map((item) => placeText(item).slice(2, -1)).filter((place) => place !== '')
    errors.push(dagmaError('DAGMA_KEY_DUPLICATE', { what: 'definition', key: other.name, places }))
  }
}

interface Named extends Located {
  readonly name: string
}
