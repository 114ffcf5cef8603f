import { setTimeout as sleep } from 'node:timers/promises'
import { asset, definitions, job } from 'dagma'

const fan = Array.from({ length: 16 }, (_, n) =>
  asset({
    key: `fan_${n}`,
    run: async () => {
      await sleep(1000)
      return n
    },
  }),
)
const one = asset({ key: 'one', run: () => 1 })
const two = asset({ key: 'two', inputs: { one }, run: ({ inputs }) => inputs.one + 1 })
const three = asset({ key: 'three', inputs: { two }, run: ({ inputs }) => inputs.two + 1 })
const many = Array.from({ length: Number(process.env.BENCH_ASSETS ?? 0) }, (_, n) => asset({ key: `many_${n}`, run: () => n }))

export default definitions({
  assets: [...fan, one, two, three, ...many],
  jobs: [job({ name: 'fan_job', selection: fan }), job({ name: 'chain_job', selection: [one, two, three] })],
})
