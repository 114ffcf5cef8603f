import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FilterNode, Selection } from './ast.ts'
import { evaluate } from './evaluate.ts'
import { assetGraph, type SelectableAsset } from './graph.ts'
import { parseSelection } from './parse.ts'

const groups = ['ingest', 'marts', 'marts/eu']
const kinds = ['duckdb', 'llm']
const tags = ['pii', 'stage']
const tagValues = ['', 'raw', 'v-1.2']
const owners = ['ann@example.com', 'team:data']
const keyOf = (index: number): string => `${'ab'[index % 2]}/n${index}`

const graphs: fc.Arbitrary<SelectableAsset[]> = fc
  .array(
    fc.record({
      group: fc.constantFrom(...groups),
      external: fc.boolean(),
      kinds: fc.subarray(kinds),
      tags: fc.dictionary(fc.constantFrom(...tags), fc.constantFrom(...tagValues)),
      owners: fc.subarray(owners),
      above: fc.array(fc.nat(), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 10 },
  )
  .map((drawn) =>
    drawn.map(({ above, ...rest }, index) => ({
      ...rest,
      key: keyOf(index),
      upstream: index === 0 ? [] : above.map((each) => keyOf(each % index)),
    })),
  )

function selections(keys: readonly string[]): fc.Arbitrary<Selection> {
  const filter = (name: FilterNode['name'], ...values: (string | null)[]) =>
    fc.record({
      op: fc.constant('filter' as const),
      name: fc.constant(name),
      value: fc.constantFrom(...values),
      tagValue: fc.constant(''),
      at: fc.constant(0),
    })
  const levels = fc.constantFrom(null, 0, 1, 2, Number.POSITIVE_INFINITY)
  const { expression } = fc.letrec<{ expression: Selection }>((tie) => ({
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      filter('key', ...keys),
      fc.constant({ op: 'all' as const }),
      filter('key', 'a/*', '*1', '*/n*', '**', 'none*'),
      filter('key_substring', 'n1', '/', 'b'),
      filter('group', ...groups, 'marts*', '*', null),
      filter('kind', ...kinds, null, 'none'),
      filter('owner', ...owners, null),
      filter('is', 'external', 'materializable'),
      fc.tuple(filter('tag', ...tags), fc.constantFrom(...tagValues)).map(([node, tagValue]) => ({ ...node, tagValue })),
      fc.record({ op: fc.constantFrom('not', 'roots', 'sinks'), of: tie('expression') }),
      fc.record({ op: fc.constantFrom('and', 'or'), parts: fc.array(tie('expression'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ op: fc.constant('around' as const), of: tie('expression'), up: levels, down: levels }),
    ),
  }))
  const clause = fc.record({
    op: fc.constant('around' as const),
    of: fc.record({ op: fc.constant('name' as const), name: fc.constantFrom(...keys), at: fc.constant(0) }),
    up: levels,
    down: levels,
  })
  return fc.array(fc.oneof(expression, clause), { minLength: 1, maxLength: 3 }).map((parts) => ({ op: 'or', parts }))
}

/** Writes a selection down; `choose(n)` picks among n ways where there are several. */
function write(node: Selection, choose: (ways: number) => number): string {
  const pick = (...ways: string[]): string => ways[choose(ways.length)] as string
  const gap = (): string => pick('', ' ', '\n ')
  const word = (name: string): string => `${pick(' ', '\t')}${pick(name, name.toUpperCase())} `
  const value = (text: string): string => (/^[a-z][a-z0-9_/]*$/.test(text) ? pick(text, `"${text}"`) : `"${text}"`)
  const expression = (of: Selection, tightness: number): string => {
    const [text, own] = form(of)
    return own < tightness || choose(5) === 0 ? `(${gap()}${text}${gap()})` : text
  }
  const chain = (parts: readonly Selection[], tightness: number, between: () => string): string =>
    parts.map((part, index) => `${index === 0 ? '' : between()}${expression(part, tightness)}`).join('')
  // How tight a form binds: 0 or, 1 and, 2 not, 3 "+" and "*", 4 what "+" may stand beside.
  const form = (of: Selection): [text: string, tightness: number] => {
    switch (of.op) {
      case 'all':
        return ['*', 3]
      case 'name':
        throw new Error('not in an expression')
      case 'filter':
        return [
          `${of.name}${gap()}:${gap()}${of.value === null ? '<null>' : value(of.value)}${of.name === 'tag' && (of.tagValue !== '' || choose(2) === 0) ? `${gap()}=${gap()}${value(of.tagValue)}` : ''}`,
          4,
        ]
      case 'not':
        return [`not ${expression(of.of, 2)}`, 2]
      case 'roots':
      case 'sinks':
        return [`${of.op}${gap()}(${gap()}${expression(of.of, 0)}${gap()})`, 4]
      case 'and':
        return [chain(of.parts, 2, () => word('and')), 1]
      case 'or':
        return [chain(of.parts, 1, () => word('or')), 0]
      case 'around': {
        if (of.up === null && of.down === null) return [expression(of.of, 4), 4]
        const count = (levels: number): string => (levels === Number.POSITIVE_INFINITY ? '' : String(levels))
        return [
          `${of.up === null ? '' : `${count(of.up)}${gap()}+${gap()}`}${expression(of.of, 4)}${of.down === null ? '' : `${gap()}+${gap()}${count(of.down)}`}`,
          3,
        ]
      }
    }
  }
  const item = (of: Selection): string => {
    if (of.op === 'or') return choose(2) === 0 && !names(of) ? expression(of, 0) : of.parts.map(item).join(`${gap()},${gap()}`)
    if (of.op !== 'around' || of.of.op !== 'name') return expression(of, 0)
    const beside = (levels: number | null, counted: (count: number) => string): string =>
      levels === null
        ? ''
        : levels === Number.POSITIVE_INFINITY
          ? pick('*', ...(counted(1) === '1+' ? ['*+'] : ['+*']))
          : levels === 0
            ? counted(0)
            : pick('+'.repeat(levels), counted(levels))
    return `${beside(of.up, (count) => `${count}+`)}${of.of.name}${beside(of.down, (count) => `+${count}`)}`
  }
  return `${gap()}${item(node)}${gap()}`
}

function names(node: Selection): boolean {
  return node.op === 'name' || ('of' in node && names(node.of)) || ('parts' in node && node.parts.some(names))
}

/** Whether `key` is selected, by the definition of each form; slow and plain. */
function selects(node: Selection, key: string, graph: readonly SelectableAsset[]): boolean {
  const asset = graph.find((each) => each.key === key) as SelectableAsset
  const selected = (other: string): boolean => 'of' in node && selects(node.of, other, graph)
  const distance = (from: string, to: string): number =>
    from === to
      ? 0
      : Math.min(
          Number.POSITIVE_INFINITY,
          ...(graph.find((each) => each.key === to) as SelectableAsset).upstream.map((each) => 1 + distance(from, each)),
        )
  const within = (steps: number, levels: number | null): boolean => levels !== null && steps <= levels && steps < Number.POSITIVE_INFINITY
  const others = graph.map((each) => each.key).filter((other) => other !== key)
  switch (node.op) {
    case 'all':
      return true
    case 'name':
      return key === node.name
    case 'not':
      return !selected(key)
    case 'and':
      return node.parts.every((part) => selects(part, key, graph))
    case 'or':
      return node.parts.some((part) => selects(part, key, graph))
    case 'roots':
      return selected(key) && !others.some((other) => selected(other) && distance(other, key) < Number.POSITIVE_INFINITY)
    case 'sinks':
      return selected(key) && !others.some((other) => selected(other) && distance(key, other) < Number.POSITIVE_INFINITY)
    case 'around':
      return (
        selected(key) ||
        others.some((other) => selected(other) && (within(distance(key, other), node.up) || within(distance(other, key), node.down)))
      )
    case 'filter':
      return passes(node, asset)
  }
}

function passes({ name, value, tagValue }: FilterNode, asset: SelectableAsset): boolean {
  const fits = (text: string, pattern: string): boolean =>
    pattern === ''
      ? text === ''
      : pattern[0] === '*'
        ? fits(text, pattern.slice(1)) || (text !== '' && fits(text.slice(1), pattern))
        : text[0] === pattern[0] && fits(text.slice(1), pattern.slice(1))
  if (value === null) return name === 'kind' && asset.kinds.length === 0
  if (name === 'key') return fits(asset.key, value)
  if (name === 'key_substring') return fits(asset.key, `*${value}*`)
  if (name === 'group') return fits(asset.group, value)
  if (name === 'kind') return asset.kinds.includes(value)
  if (name === 'owner') return asset.owners.includes(value)
  if (name === 'tag') return asset.tags[value] === tagValue
  return (value === 'external') === asset.external
}

test('a selection that is written down and read back selects what each form says', () => {
  const drawn = graphs.chain((graph) =>
    fc.tuple(fc.constant(graph), selections(graph.map((each) => each.key)), fc.infiniteStream(fc.nat())),
  )
  fc.assert(
    fc.property(drawn, ([graph, selection, stream]) => {
      const text = write(selection, (ways) => (stream.next().value as number) % ways)
      const parsed = parseSelection(text)
      const keys = parsed === undefined ? new Set() : evaluate(parsed, assetGraph(graph), text)
      expect(
        graph.map((each) => each.key).filter((key) => keys.has(key)),
        text,
      ).toEqual(graph.map((each) => each.key).filter((key) => selects(selection, key, graph)))
    }),
    { numRuns: 500 },
  )
})

test('any other text gives one error that names a column', () => {
  const graph = assetGraph([{ key: 'a', group: 'default', kinds: [], tags: {}, owners: [], external: false, upstream: [] }])
  const token = fc.constantFrom(
    'key:',
    'key',
    'a',
    '"',
    '"a"',
    '+',
    '*',
    '(',
    ')',
    ' and ',
    ' or ',
    'not ',
    'roots(',
    ',',
    '2',
    ':',
    '=',
    'tag:',
    '<null>',
    '\\',
    ' ',
    '\n',
    'é',
    '🜁',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(token, { maxLength: 8 }).map((tokens) => tokens.join('')),
        fc.string({ unit: 'binary' }),
      ),
      (text) => {
        try {
          const parsed = parseSelection(text)
          if (parsed !== undefined) evaluate(parsed, graph, text)
        } catch (error) {
          const { code, message } = error as { code: string; message: string }
          expect(code).toMatch(/^DAGMA_SELECTION_(SYNTAX|UNKNOWN)$/)
          if (code === 'DAGMA_SELECTION_SYNTAX') expect(message).toMatch(/is invalid: at (line \d+, )?column \d+, /)
        }
      },
    ),
    { numRuns: 1000 },
  )
})
