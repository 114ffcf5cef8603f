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
} = JSON.parse(readFileSync(process.env['DAGMA_SELECTION_GOLDEN'] ?? new URL('golden-dagster.json', import.meta.url), 'utf8'))

type Outcome = { readonly keys: readonly string[] } | { readonly refused: 'syntax' | 'unknown' }

/** Where Dagma differs on purpose, and what it does. Listed in docs/guide/selection.md. */
const differences: Readonly<Record<string, Outcome>> = {
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
