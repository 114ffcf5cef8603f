import { dagmaError } from '../../errors.ts'
import { nearestName } from '../options/nearest-name.ts'
import type { FilterNode, Selection } from './ast.ts'
import { filters } from './filters.ts'
import { type AssetGraph, reached } from './graph.ts'
import { syntaxError } from './parse.ts'

/**
 * Keys of the assets that a selection names.
 * @param text What was written, for errors.
 * @throws DAGMA_SELECTION_UNKNOWN when a name, or a `key:` without "*", matches no asset; DAGMA_SELECTION_SYNTAX when a filter makes no sense here.
 */
export function evaluate(selection: Selection, graph: AssetGraph, text: string): Set<string> {
  const keysOf = (part: Selection): Set<string> => evaluate(part, graph, text)
  switch (selection.op) {
    case 'all':
      return new Set(graph.assets.keys())
    case 'name':
      return new Set([known(selection.name, graph, text)])
    case 'filter':
      return filtered(selection, graph, text)
    case 'or':
      return new Set(selection.parts.flatMap((part) => [...keysOf(part)]))
    case 'and': {
      const [first, ...others] = selection.parts.map(keysOf)
      return without(first ?? [], (key) => others.some((keys) => !keys.has(key)))
    }
    case 'not': {
      const keys = keysOf(selection.of)
      return without(graph.assets.keys(), (key) => keys.has(key))
    }
    case 'roots':
    case 'sinks': {
      // Also through assets that are not selected: a root has no selected asset anywhere above it.
      const keys = keysOf(selection.of)
      const beyond = reached(keys, selection.op === 'roots' ? graph.downstream : graph.upstream, Number.POSITIVE_INFINITY)
      return without(keys, (key) => beyond.has(key))
    }
    case 'around': {
      const keys = keysOf(selection.of)
      return new Set([
        ...keys,
        ...reached(keys, graph.upstream, selection.up ?? 0),
        ...reached(keys, graph.downstream, selection.down ?? 0),
      ])
    }
  }
}

function without(keys: Iterable<string>, leftOut: (key: string) => boolean): Set<string> {
  return new Set([...keys].filter((key) => !leftOut(key)))
}

function filtered(node: FilterNode, graph: AssetGraph, text: string): Set<string> {
  const matcher = filters[node.name](node)
  if (typeof matcher === 'string') throw syntaxError(text, node.at, matcher)
  if (node.name === 'key' && node.value !== null && !node.value.includes('*')) return new Set([known(node.value, graph, text)])
  return new Set([...graph.assets.values()].filter(matcher).map((asset) => asset.key))
}

function known(key: string, graph: AssetGraph, selection: string): string {
  if (!graph.assets.has(key))
    throw dagmaError('DAGMA_SELECTION_UNKNOWN', { selection, unknown: key, nearest: nearestName(key, [...graph.assets.keys()]) })
  return key
}
