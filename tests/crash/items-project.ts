import { writeSync } from 'node:fs'
import { qdrant } from '@dagma/qdrant'
import { asset, type Definitions, definitions } from 'dagma'

/** How many points the project loads. */
export const itemCount = 20_000

/** The project's one asset, whose step loads points into Qdrant's local backend; a call that begins is a line on stdout: how many items it takes. */
export function itemsProject(batch: number): Definitions {
  const rows = Array.from({ length: itemCount }, (_, id) => id)
  const loaded = asset({
    key: 'loaded',
    resources: { qdrant },
    run: async ({ items, resources }) => {
      await resources.qdrant.ensureCollection({ size: 4 })
      const ids = await items(rows, { key: String, batch, concurrency: 1 }, async (some) => {
        writeSync(1, `${some.length}\n`)
        await resources.qdrant.upsert(some.map((id) => ({ id, vector: vectorOf(id), payload: { row: id } })))
        return some
      })
      if (ids.some((id, index) => id !== index)) throw new Error('The results are not in the order of the list.')
      const points = await resources.qdrant.count()
      for (let from: number | undefined = 0, next = 0; from !== undefined; ) {
        const page = await resources.qdrant.scroll({ from, limit: 1000 })
        for (const { id, payload } of page.points) if (id !== next || payload?.row !== next++) throw new Error(`Point ${id} is wrong.`)
        from = page.next as number | undefined
      }
      return points
    },
  })
  return definitions({ assets: [loaded], resources: { qdrant: qdrant({ collection: 'rows' }) } })
}

function vectorOf(id: number): number[] {
  return [1, id % 7, id % 11, id % 13]
}
