/** The attributes of an asset that selections use. */
export interface SelectableAsset {
  /** Key text, "/" between its parts. */
  readonly key: string
  readonly group: string
  readonly kinds: readonly string[]
  readonly tags: { readonly [key: string]: string }
  readonly owners: readonly string[]
  /** Whether something outside the project makes it. */
  readonly external: boolean
  /** Keys of the direct upstream assets. */
  readonly upstream: readonly string[]
}

/** Assets and, by key, their neighbours on either side. */
export interface AssetGraph {
  readonly assets: ReadonlyMap<string, SelectableAsset>
  readonly upstream: Neighbours
  readonly downstream: Neighbours
}

type Neighbours = ReadonlyMap<string, readonly string[]>

/** The graph of `assets`, in their order. Upstream keys that are not among them, and an asset's own, do not count. */
export function assetGraph(assets: Iterable<SelectableAsset>): AssetGraph {
  const byKey = new Map([...assets].map((asset) => [asset.key, asset]))
  const upstream = new Map<string, string[]>()
  const downstream = new Map<string, string[]>([...byKey.keys()].map((key) => [key, []]))
  for (const asset of byKey.values()) {
    const known = asset.upstream.filter((key) => byKey.has(key) && key !== asset.key)
    upstream.set(asset.key, known)
    for (const key of known) downstream.get(key)?.push(asset.key)
  }
  return { assets: byKey, upstream, downstream }
}

/** The nodes that can be reached from `from` in 1 to `levels` steps; members of `from` only if another member leads to them. */
export function reached(from: Iterable<string>, neighbours: Neighbours, levels: number): Set<string> {
  const found = new Set<string>()
  let frontier = [...from]
  for (let level = 0; level < levels && frontier.length > 0; level++) {
    const next: string[] = []
    for (const key of frontier) {
      for (const neighbour of neighbours.get(key) ?? []) {
        if (found.has(neighbour)) continue
        found.add(neighbour)
        next.push(neighbour)
      }
    }
    frontier = next
  }
  return found
}
