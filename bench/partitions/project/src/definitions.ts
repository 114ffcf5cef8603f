/** The assets of the backfills that are measured; `python_backfill.py` has the same in Python. */
import { asset, dailyPartitions, definitions, job, materializeResult, staticPartitions } from 'dagma'

const count = Number(process.env.BENCH_PARTITIONS ?? 10_000)
const days = { partitions: dailyPartitions({ start: '2026-01-01' }), backfillPolicy: 'single-run', checks: { good: {} } } as const
const result = (value: number) => materializeResult(value, { metadata: { rows: value }, checks: { good: { passed: true } } })

const a = asset({ key: 'a', ...days, run: () => result(1) })
const b = asset({ key: 'b', ...days, inputs: { a }, run: ({ inputs }) => result(inputs.a + 1) })
const c = asset({ key: 'c', ...days, inputs: { a }, run: ({ inputs }) => result(inputs.a + 2) })
const d = asset({ key: 'd', ...days, inputs: { b, c }, run: ({ inputs }) => result(inputs.b + inputs.c) })

/** One trivial asset of many partitions. */
export const trivial = asset({
  key: 'trivial',
  partitions: staticPartitions(Array.from({ length: count }, (_, index) => `k${index}`)),
  backfillPolicy: 'single-run',
  run: () => 1,
})

export default definitions({
  assets: [a, b, c, d, trivial],
  jobs: [job({ name: 'month', selection: [a, b, c, d] }), job({ name: 'many', selection: [trivial] })],
})
