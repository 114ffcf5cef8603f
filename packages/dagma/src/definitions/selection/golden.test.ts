import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DagmaError } from '../../errors.ts'
import { evaluate } from './evaluate.ts'
import { assetGraph, type SelectableAsset } from './graph.ts'
import { parseSelection } from './parse.ts'

// What the real Dagster selects, recorded by scripts/gen-selection-golden.py.
const golden: {
  readonly dagster: string
  readonly graph: readonly SelectableAsset[]
  readonly cases: readonly ({ readonly selection: string } & Outcome)[]
} = JSON.parse(readFileSync(new URL('golden-dagster.json', import.meta.url), 'utf8'))

type Outcome = { readonly keys: readonly string[] } | { readonly refused: 'syntax' | 'unknown' }

/** Where Dagma differs on purpose, and what it does. Listed in docs/guide/selection.md. */
const differences: Readonly<Record<string, Outcome>> = {
  // Nothing written selects nothing; callers say so in their own words.
  '': { keys: [] },
  // A name is either right or a mistake, also behind "key:".
  'key:"nope"': { refused: 'unknown' },
  'key:""': { refused: 'unknown' },
  'key:nope or key:raw': { refused: 'unknown' },
  'not key:nope': { refused: 'unknown' },
  // Older Dagster has this filter.
  'key_substring:clean': { keys: ['clean_a', 'clean_b', 'v2/clean_a'] },
  'key_substring:"t/s" and group:marts': { keys: ['mart/sales'] },
  // Counts beside bare names.
  '2+joined': { keys: ['clean_a', 'clean_b', 'joined', 'raw'] },
  'joined+1': { keys: ['joined', 'mart/costs', 'mart/sales'] },
  '1+joined+1': { keys: ['clean_a', 'clean_b', 'joined', 'mart/costs', 'mart/sales'] },
  // Dagster takes whatever follows "tag:" for a tag's name when it can read it in no other way, and then selects nothing.
  'tag:stage and-so-on': { refused: 'syntax' },
  'tag:stage=raw and is:other': { refused: 'syntax' },
}

const graph = assetGraph(golden.graph)

function outcome(text: string): Outcome {
  try {
    const selection = parseSelection(text)
    return { keys: selection === undefined ? [] : [...evaluate(selection, graph, text)].sort() }
  } catch (error) {
    if (!(error instanceof DagmaError)) throw error
    return { refused: error.code === 'DAGMA_SELECTION_UNKNOWN' ? 'unknown' : 'syntax' }
  }
}

describe(`as Dagster ${golden.dagster} selects`, () => {
  test.each(golden.cases.map(({ selection, ...dagster }) => ({ selection, dagster })))('$selection', ({ selection, dagster }) => {
    expect(outcome(selection)).toEqual(differences[selection] ?? dagster)
  })

  test('the listed differences are differences', () => {
    for (const [selection, ours] of Object.entries(differences)) {
      const recorded = golden.cases.find((each) => each.selection === selection)
      expect(recorded, selection).toBeDefined()
      expect(recorded, selection).not.toEqual({ selection, ...ours })
    }
  })
})
