import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { dagmaError } from '../../errors.ts'
import { makeFolder } from '../durable-folder.ts'

/** Who spends: a step in a run. */
export interface Spender {
  readonly runId: string
  /** Empty for a run of selected assets. */
  readonly job: string
  readonly step: string
}

/** The recorded spending. */
export interface Total {
  readonly cost: number
  readonly tokens: number
}

/** Whose spending is summed up, and since when. Members that are undefined narrow nothing. */
export interface SpendScope {
  readonly runId?: string
  readonly job?: string
  readonly step?: string
  /** First day, such as `2026-11-28`. */
  readonly since?: string
}

/**
 * The spending of the project's runs on models: `.dagma/spending.sqlite`, which the processes of all runs on the machine share. Sums by run, step and
 * day, so that it stays small.
 */
export class SpendLedger {
  readonly #file: string
  readonly #db: DatabaseSync
  readonly #add: StatementSync
  readonly #totals = new Map<string, StatementSync>()

  /** @throws DAGMA_SPENDING_UNRECORDED, as its methods do */
  constructor(projectFolder: string) {
    const folder = join(projectFolder, '.dagma')
    this.#file = join(folder, 'spending.sqlite')
    this.#db = this.#attempt(() => {
      makeFolder(folder, { sync: false })
      const db = new DatabaseSync(this.#file, { timeout: 30_000 })
      db.exec(schema)
      return db
    })
    this.#add = this.#db.prepare(`
      INSERT INTO spent (run_id, step, day, job, cost, tokens) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET cost = cost + excluded.cost, tokens = tokens + excluded.tokens
    `)
  }

  add({ runId, step, job }: Spender, day: string, { cost, tokens }: Total): void {
    this.#attempt(() => this.#add.run(runId, step, day, job, cost, tokens))
  }

  total({ runId, job, step, since }: SpendScope): Total {
    const conditions = Object.entries({ 'run_id = ?': runId, 'day >= ?': since, 'job = ?': job, 'step = ?': step })
    const given = conditions.filter(([, value]) => value !== undefined)
    const sql = `SELECT total(cost) AS cost, total(tokens) AS tokens FROM spent WHERE ${given.map(([condition]) => condition).join(' AND ')}`
    const row = this.#attempt(() => {
      const statement = this.#totals.get(sql) ?? this.#db.prepare(sql)
      this.#totals.set(sql, statement)
      return statement.get(...given.map(([, value]) => value ?? ''))
    })
    return { cost: Number(row?.cost), tokens: Number(row?.tokens) }
  }

  close(): void {
    this.#db.close()
  }

  #attempt<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw dagmaError('DAGMA_SPENDING_UNRECORDED', { file: this.#file, reason: (error as Error).message }, error)
    }
  }
}

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS spent (
    run_id TEXT NOT NULL, step TEXT NOT NULL, day TEXT NOT NULL, job TEXT NOT NULL, cost REAL NOT NULL, tokens INTEGER NOT NULL,
    PRIMARY KEY (run_id, step, day)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS spent_by_day ON spent (day);
`
