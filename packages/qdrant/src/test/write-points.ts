import { open } from './open.ts'

/** A process that stores points in the local store: `node write-points.ts <project> <first id> <count>`. */
const [folder = '', first, count] = process.argv.slice(2)
await using opened = await open({ collection: 'shared' }, { projectFolder: folder })
await opened.client.ensureCollection({ size: 2 })
for (let n = 0; n < Number(count); n += 1) await opened.client.upsert([{ id: Number(first) + n, vector: [1, n] }])
