import { setTimeout as sleep } from 'node:timers/promises'
import { asset, definitions, job } from 'dagma'

const fan = Array.from({ length: 16 }, (_, n) => asset({ key: `fan_${n}`, run: () => sleep(1000, n) }))
const chain = Array.from({ length: 6 }, (_, n) => asset({ key: `link_${n}`, deps: n > 0 ? [`link_${n - 1}`] : [], run: () => n }))
const short = Array.from({ length: 8 }, (_, n) => asset({ key: `short_${n}`, run: () => sleep(100 + 100 * n, n) }))
const many = Array.from({ length: Number(process.env.DAGMA_BENCH_STEPS ?? 0) }, (_, n) =>
  asset({ key: `many_${n}`, run: () => sleep(10, n) }),
)

export default definitions({
  assets: [...fan, ...chain, ...short, ...many],
  jobs: [
    job({ name: 'fan_job', selection: fan }),
    job({ name: 'chain_job', selection: chain }),
    job({ name: 'kill_job', selection: short }),
    ...(many.length > 0 ? [job({ name: 'many_job', selection: many })] : []),
  ],
})
