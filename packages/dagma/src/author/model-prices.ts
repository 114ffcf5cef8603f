import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dagmaError } from '../errors.ts'
import type { Finding } from '../metadata/finding.ts'
import { record } from './record.ts'

/** Name of the prices file, in the project's folder. */
const fileName = 'model-prices.json'

/** The price of a million tokens of a model, in the currency of the prices file. */
export interface ModelPrice {
  readonly input: number
  /** Of input tokens that the endpoint had in its own cache; default: as `input`. */
  readonly cachedInput?: number
  /** Default 0, as of models that only embed. */
  readonly output?: number
}

/** The prices that a project keeps in `model-prices.json`, dated. */
export interface ModelPrices {
  /** The day that the prices are of, `2026-11-28`. */
  readonly date: string
  /** For example `USD`. */
  readonly currency: string
  /** The price of a model; undefined when the file has none. A name that ends with `*` stands for all names that begin with the part before it. */
  readonly of: (model: string) => ModelPrice | undefined
}

/**
 * Reads the project's prices; undefined when it has no `model-prices.json`.
 * @throws DAGMA_PRICES_INVALID when the file is not what it should be
 * @example
 * ```ts
 * const price = modelPrices('/srv/shop')?.of('gpt-5-mini')
 * ```
 */
export function modelPrices(projectFolder: string): ModelPrices | undefined {
  const file = join(projectFolder, fileName)
  const invalid = (reason: string) => dagmaError('DAGMA_PRICES_INVALID', { file, reason })
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw invalid(`cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw invalid('is not JSON')
  }
  const { date, currency, models, ...rest } = record(json)
  if (typeof date !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(date) || Number.isNaN(Date.parse(date)))
    throw invalid('has no date such as "2026-11-28"')
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) throw invalid('has no currency such as "USD"')
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw invalid(`has "${unknown}", while it takes date, currency and models`)
  const prices = new Map(Object.entries(record(models)).map(([model, price]) => [model, priceOf(model, price, invalid)]))
  const families = [...prices.keys()].filter((name) => name.endsWith('*')).sort((a, b) => b.length - a.length)
  const of = (model: string): ModelPrice | undefined =>
    prices.get(model) ?? prices.get(families.find((name) => model.startsWith(name.slice(0, -1))) ?? '')
  return { date, currency, of }
}

const members = ['input', 'cachedInput', 'output']

function priceOf(model: string, value: unknown, invalid: (reason: string) => Error): ModelPrice {
  const price = record(value)
  const isAmount = (amount: unknown): boolean => typeof amount === 'number' && Number.isFinite(amount) && amount >= 0
  const wrong = Object.keys(price).find((name) => !members.includes(name) || !isAmount(price[name]))
  if (wrong !== undefined) throw invalid(`has "${wrong}" of model "${model}", while a price has input, cachedInput and output, as numbers`)
  if (price.input === undefined) throw invalid(`has no input price of model "${model}"`)
  return price as unknown as ModelPrice
}

/** Prices older than this many days may have changed. */
const freshDays = 180

/** The findings of `dagma doctor` for the price of a model: none if the project has no prices. */
export function priceFindings(projectFolder: string, model: string): Finding[] {
  const check = fileName
  try {
    const prices = modelPrices(projectFolder)
    if (prices === undefined) return []
    const { date, currency } = prices
    const price = prices.of(model)
    if (price === undefined)
      return [
        { check, status: 'warning', message: `It has no price of model "${model}".`, fix: 'Add it, so that costs and budgets are known.' },
      ]
    const { input, output = 0 } = price
    const message = `A million tokens of "${model}" cost ${input} (input) and ${output} (output) ${currency}, as of ${date}.`
    const age = (Date.now() - Date.parse(date)) / 86_400_000
    if (age <= freshDays) return [{ check, status: 'ok', message }]
    return [{ check, status: 'warning', message, fix: `Compare it with the provider's prices of today, and set its date.` }]
  } catch (error) {
    return [{ check, status: 'error', message: (error as Error).message, fix: 'See docs/guide/generation.md.' }]
  }
}
