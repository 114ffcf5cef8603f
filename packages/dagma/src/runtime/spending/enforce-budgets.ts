import type { Budget } from '../../definitions/assets/budget.ts'
import type { Step } from '../../definitions/assets/step.ts'
import { stepLabel } from '../../definitions/assets/step-label.ts'
import type { Definitions } from '../../definitions/model.ts'
import { dagmaError } from '../../errors.ts'
import type { Metadata } from '../../metadata/metadata-value.ts'
import type { ModelUse, SpendingAccount } from '../../metadata/spending.ts'
import type { SpendLedger, SpendScope } from './ledger.ts'

/** The run whose steps call models. */
export interface SpendingRun {
  readonly definitions: Definitions
  readonly projectFolder: string
  readonly runId: string
  /** Null for a run of selected assets. */
  readonly jobName: string | null
  readonly now: () => Date
}

/** A budget, with whose it is and what counts for it. */
interface ScopedBudget {
  readonly budget: Budget
  readonly of: string
  readonly scope: Omit<SpendScope, 'runId' | 'since'>
}

/** Records the spending of a run's steps on models, and enforces budgets. */
export class RunSpending {
  readonly #run: SpendingRun
  #ledger: Promise<SpendLedger> | undefined

  constructor(run: SpendingRun) {
    this.#run = run
  }

  /** The account of an attempt of a step; `notify` gets each call. The ledger is opened only where there is a budget. */
  async account(step: Step, notify?: (use: ModelUse) => void): Promise<AttemptAccount> {
    const { projectFolder, runId, now } = this.#run
    const jobName = this.#run.jobName ?? ''
    const budgets = budgetsOf(step, jobName, this.#run.definitions)
    if (budgets.length === 0) return new AttemptAccount({ admit: () => {}, record: (use) => notify?.(use) })
    this.#ledger ??= import('./ledger.ts').then(({ SpendLedger }) => new SpendLedger(projectFolder))
    const ledger = await this.#ledger
    const today = (): string => now().toISOString().slice(0, 10)
    const since = { run: () => ({ runId }), day: () => ({ since: today() }), month: () => ({ since: `${today().slice(0, 7)}-01` }) }
    return new AttemptAccount({
      admit: (model, hasPrice) => {
        for (const { budget, of, scope } of budgets) {
          const { maxCost, maxTokens, per = 'run' } = budget
          if (maxCost !== undefined && !hasPrice) throw dagmaError('DAGMA_PRICE_MISSING', { model, of })
          const { cost, tokens } = ledger.total({ ...scope, ...since[per]() })
          if (maxCost !== undefined && cost >= maxCost)
            throw dagmaError('DAGMA_BUDGET_EXCEEDED', { of, per, model, limit: 'maxCost', spent: rounded(cost), most: maxCost })
          if (maxTokens !== undefined && tokens >= maxTokens)
            throw dagmaError('DAGMA_BUDGET_EXCEEDED', { of, per, model, limit: 'maxTokens', spent: tokens, most: maxTokens })
        }
      },
      record: (use) => {
        const { cost = 0, inputTokens, outputTokens } = use
        ledger.add({ runId, job: jobName, step: step.name }, today(), { cost, tokens: inputTokens + outputTokens })
        notify?.(use)
      },
    })
  }

  /** The run is over. */
  async close(): Promise<void> {
    const ledger = this.#ledger
    this.#ledger = undefined
    await ledger?.then((opened) => opened.close()).catch(() => {}) // that it could not be opened, its steps have said
  }
}

function budgetsOf(step: Step, jobName: string, { jobs, budget }: Definitions): ScopedBudget[] {
  const job = jobs.get(jobName)
  return [
    ...(step.budget ? [{ budget: step.budget, of: `step "${stepLabel(step)}"`, scope: { step: step.name } }] : []),
    ...(job?.budget ? [{ budget: job.budget, of: `job "${jobName}"`, scope: { job: jobName } }] : []),
    ...(budget ? [{ budget, of: 'definitions()', scope: {} }] : []),
  ]
}

/** The spending of one attempt of a step. */
export class AttemptAccount implements SpendingAccount {
  readonly #counted: SpendingAccount
  #uses: { tokens: number; cost: number; isCounted: boolean; isPriced: boolean } | undefined

  constructor(counted: SpendingAccount) {
    this.#counted = counted
  }

  readonly admit = (model: string, hasPrice: boolean): void => this.#counted.admit(model, hasPrice)

  readonly record = (use: ModelUse): void => {
    const { tokens, cost, isCounted, isPriced } = this.#uses ?? { tokens: 0, cost: 0, isCounted: true, isPriced: true }
    this.#uses = {
      tokens: tokens + use.inputTokens + use.outputTokens,
      cost: cost + (use.cost ?? 0),
      isCounted: isCounted && use.isCounted,
      isPriced: isPriced && use.cost !== undefined,
    }
    this.#counted.record(use)
  }

  /** The asset's metadata about it: a sum only if all costs are known. */
  metadata(): Metadata {
    if (this.#uses === undefined) return {}
    const { tokens, cost, isCounted, isPriced } = this.#uses
    return { cost: isPriced ? rounded(cost) : undefined, total_tokens: isCounted ? tokens : undefined }
  }
}

/** Costs of calls are sums of small fractions. */
function rounded(cost: number): number {
  return Number(cost.toPrecision(12))
}
