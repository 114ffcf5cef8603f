import { asset, MetadataValue, materializeResult } from 'dagma'

export const rawNumbers = asset({
  key: 'raw_numbers',
  group: 'data',
  description: 'A short list of numbers to start from.',
  run: () => {
    const numbers = [1, 2, 3, 4]
    return materializeResult(numbers, { metadata: { count: numbers.length, preview: MetadataValue.json(numbers.slice(0, 10)) } })
  },
})

export const sumNumbers = asset({
  key: 'sum_numbers',
  group: 'data',
  description: 'The sum of `raw_numbers`.',
  inputs: { numbers: rawNumbers },
  run: ({ inputs: { numbers } }) => {
    const result = numbers.reduce((sum, number) => sum + number, 0)
    return materializeResult(result, { metadata: { input_count: numbers.length, result } })
  },
})
