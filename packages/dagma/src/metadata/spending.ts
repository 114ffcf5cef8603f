import { AsyncLocalStorage } from 'node:async_hooks'

/** A call of a model that has ended. */
export interface ModelUse {
  /** Name of the model, as the settings name it. */
  readonly model: string
  readonly inputTokens: number
  readonly outputTokens: number
  /** Whether the endpoint counted the tokens; else they are estimated by the length of the texts. */
  readonly isCounted: boolean
  /** In the currency of the project's prices; undefined when there is no price of the model. */
  readonly cost: number | undefined
}

/** Takes the calls of models that a step makes. */
export interface SpendingAccount {
  /** A call is about to be made. @throws DAGMA_BUDGET_EXCEEDED when a budget is used up, DAGMA_PRICE_MISSING when one needs a price that is not known */
  readonly admit: (model: string, hasPrice: boolean) => void
  readonly record: (use: ModelUse) => void
}

/** Shared by all copies of this module: an integration may have another than the host. Made when something is counted for the first time. */
const storage: unique symbol = Symbol.for('dagma.spending') as never
const shared: { [storage]?: AsyncLocalStorage<SpendingAccount> } = globalThis as never

/** Runs `work`; the calls of models that it makes are counted in `account`. */
export function countSpending<T>(account: SpendingAccount, work: () => T): T {
  shared[storage] ??= new AsyncLocalStorage()
  return shared[storage].run(account, work)
}

/** Where calls of models that are made here are counted, if anywhere. */
export function spendingAccount(): SpendingAccount | undefined {
  return shared[storage]?.getStore()
}
