import { setTimeout as sleep } from 'node:timers/promises'
import { asset, definitions, job } from 'dagma'

const fan = Array.from({ length: 16 }, (_, n) => asset({ key: `fan_${n}`, run: () => sleep(1000, n) }))
const chain = Array.from({ length: 6 }, (_, n) => asset({ key: `link_${n}`, deps: n > 0 ? [`link_${n - 1}`] : [], run: () => n }))
const short = Array.from({ length: 8 }, (_, n) => asset({ key: `short_${n}`, run: () => sleep(100 + 100 * n, n) }))

export default definitions({
  assets: [...fan, ...chain, ...short],
  jobs: [
    job({ name: 'fan_job', selection: fan }),
    job({ name: 'chain_job', selection: chain }),
    job({ name: 'kill_job', selection: short }),
  ],
})
