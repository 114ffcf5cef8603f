import type { StorageProblem, Stored } from './stored.ts'

/** Concurrent calls, when the options of `items()` do not say. */
export const defaultItemConcurrency = 8

/** Options of `items()`, besides the list and the function. */
export interface ItemsOptions<Item> {
  /** Identifies an item, in this run and in those that retry it: no two items of a list have the same. */
  readonly key: (item: Item) => string
  /** Concurrent calls to the function; default 8. */
  readonly concurrency?: number
  /** Items for each call, which then takes a list; default: one item a call, as it is. */
  readonly batch?: undefined
  /** Tells several calls in one step apart; each needs its own name. Default `items`. */
  readonly name?: string
  /** Whether results that an unsuccessful run kept are taken by any later run of the step, and not only by its retry; default false. */
  readonly acrossRuns?: boolean
}

/** As {@link ItemsOptions}, of a function that takes several items in one call. */
export interface BatchedItemsOptions<Item> extends Omit<ItemsOptions<Item>, 'batch'> {
  /** Items for each call, at most. The function gets a list, and returns a list of as many results, or nothing. */
  readonly batch: number
}

/** `items()` of a step's context: see {@link StepContext.items}. */
export interface RunItems {
  <Item, Result>(
    list: readonly Item[],
    options: ItemsOptions<Item>,
    run: ((item: Item) => Result) & OnlyStorable<Awaited<Result>>,
  ): Promise<Stored<Awaited<Result>>[]>
  <Item, Results>(
    list: readonly Item[],
    options: BatchedItemsOptions<Item>,
    run: ((items: Item[]) => Results) & OnlyStorable<ResultOf<Awaited<Results>>>,
  ): Promise<Stored<ResultOf<Awaited<Results>>>[]>
}

/** The result of one item, for a function that takes several. */
type ResultOf<Results> = Results extends readonly (infer Result)[] ? Result : undefined

/** Says in the place of the function what keeps its results from being stored. */
type OnlyStorable<Result> = [StorageProblem<Result>] extends [never] ? unknown : StorageProblem<Result>
