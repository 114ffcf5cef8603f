import { sharedStorage } from './shared-storage.ts'

/** A model call that has ended. */
export interface ModelUse {
  /** Name of the model, as the settings name it. */
  readonly model: string
  readonly inputTokens: number
  readonly outputTokens: number
  /** Whether the endpoint counted the tokens; otherwise they are estimated by the length of the texts. */
  readonly isCounted: boolean
  /** In the currency of the project's prices; undefined when there is no price of the model. */
  readonly cost: number | undefined
}

/** Takes the model calls that a step makes. */
export interface SpendingAccount {
  /** A call is about to be made. @throws DAGMA_BUDGET_EXCEEDED when a budget is used up, DAGMA_PRICE_MISSING when one needs a price that is not known */
  readonly admit: (model: string, hasPrice: boolean) => void
  readonly record: (use: ModelUse) => void
}

const accounts = sharedStorage<SpendingAccount>('dagma.spending')

/** Runs `work`; the model calls that it makes are counted in `account`. */
export const countSpending = accounts.run

/** The account in which model calls that are made here are counted, if any. */
export const spendingAccount = accounts.current
