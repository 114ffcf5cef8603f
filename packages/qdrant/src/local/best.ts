/** A point with its rank: the higher, the better. */
export interface Ranked {
  readonly rank: number
}

/**
 * The `count` best of `items`, best first. Equal ranks come out as they do from a Qdrant server: its bounded heap keeps the first that it met, and
 * yields equals in the order that the heap's moves leave them in. Items are given in the order in which they were last written.
 */
export function best<Item extends Ranked>(count: number, items: Iterable<Item>): Item[] {
  const heap: Item[] = []
  for (const item of items) {
    if (heap.length < count) {
      heap.push(item)
      siftUp(heap)
    } else if (heap[0] !== undefined && heap[0].rank < item.rank) {
      heap[0] = item
      siftDown(heap, heap.length)
    }
  }
  for (let end = heap.length - 1; end > 0; end -= 1) {
    swap(heap, 0, end)
    siftDown(heap, end)
  }
  return heap
}

/** Moves the last item to its place; the worst of all is at 0. */
function siftUp(heap: Ranked[]): void {
  for (let at = heap.length - 1; at > 0; ) {
    const parent = (at - 1) >> 1
    if (rank(heap, at) >= rank(heap, parent)) return
    swap(heap, at, parent)
    at = parent
  }
}

/** Moves the item at 0 to its place among the first `end`. */
function siftDown(heap: Ranked[], end: number): void {
  for (let at = 0, child = 1; child < end; child = 2 * at + 1) {
    if (child + 1 < end && rank(heap, child) >= rank(heap, child + 1)) child += 1
    if (rank(heap, child) >= rank(heap, at)) return
    swap(heap, at, child)
    at = child
  }
}

function rank(heap: readonly Ranked[], at: number): number {
  return heap[at]?.rank ?? Number.NaN
}

function swap<Item>(heap: Item[], a: number, b: number): void {
  const item = heap[a] as Item
  heap[a] = heap[b] as Item
  heap[b] = item
}
