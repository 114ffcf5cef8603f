import { describe, expect, test } from 'vitest'
import { asset } from '../assets/asset.ts'
import { definitions } from '../definitions.ts'
import { selectAssets } from './select-assets.ts'
import { selectionText } from './selection-text.ts'

const raw = asset({ key: 'raw', group: 'ingest', run: () => 1 })
const cleanA = asset({ key: 'clean_a', inputs: { raw }, kinds: ['duckdb'], run: () => 1 })
const cleanB = asset({ key: 'clean_b', deps: ['raw'], run: () => 1 })
const joined = asset({ key: 'joined', inputs: { cleanA }, deps: [cleanB], group: 'marts', run: () => 1 })
const sales = asset({
  key: 'mart/sales',
  deps: [joined],
  group: 'marts',
  tags: { stage: 'mart', pii: '', 'my.tag': '1-a' },
  owners: ['ann@example.com', 'team:data'],
  run: () => 1,
})
const alone = asset({ key: 'v2.with-dash', run: () => 1 })

const { assets } = definitions({ assets: [raw, cleanA, cleanB, joined, sales, alone] })
const all = [...assets.keys()]

test('a selection as text is itself, and a list of assets is their keys', () => {
  expect(selectionText('+joined')).toBe('+joined')
  expect(selectionText([sales, raw])).toBe('mart/sales,raw')
  expect(selectAssets(selectionText([sales, raw]), assets)).toEqual(['raw', 'mart/sales'])
})

describe('selectAssets', () => {
  test.each<[selection: string, keys: readonly string[]]>([
    // Lists of names, and the older clauses.
    ['raw', ['raw']],
    ['joined,raw', ['raw', 'joined']],
    [' joined , raw ', ['raw', 'joined']],
    ['raw,raw', ['raw']],
    ['mart/sales,v2.with-dash', ['mart/sales', 'v2.with-dash']],
    ['+joined', ['clean_a', 'clean_b', 'joined']],
    ['++joined', ['raw', 'clean_a', 'clean_b', 'joined']],
    ['*joined', ['raw', 'clean_a', 'clean_b', 'joined']],
    ['2+joined', ['raw', 'clean_a', 'clean_b', 'joined']],
    ['raw+', ['raw', 'clean_a', 'clean_b']],
    ['raw++', ['raw', 'clean_a', 'clean_b', 'joined']],
    ['raw+3', ['raw', 'clean_a', 'clean_b', 'joined', 'mart/sales']],
    ['raw*', ['raw', 'clean_a', 'clean_b', 'joined', 'mart/sales']],
    ['+joined+', ['clean_a', 'clean_b', 'joined', 'mart/sales']],
    ['raw,group:marts', ['raw', 'joined', 'mart/sales']],
    ['', []],
    ['  ', []],
    // Filters.
    ['*', all],
    ['key:raw', ['raw']],
    ['key:"mart/sales"', ['mart/sales']],
    ['key:clean_*', ['clean_a', 'clean_b']],
    ['key:"*a*s*"', ['mart/sales', 'v2.with-dash']],
    ['key:nothing*', []],
    // The parts of a pattern do not overlap in a key.
    ['key:"raw*w"', []],
    ['key:"*join*in*d"', []],
    ['key:"r*w"', ['raw']],
    ['key_substring:lean', ['clean_a', 'clean_b']],
    ['group:marts', ['joined', 'mart/sales']],
    ['group:"m*"', ['joined', 'mart/sales']],
    ['group:default', ['clean_a', 'clean_b', 'v2.with-dash']],
    ['group:nothing', []],
    ['kind:duckdb', ['clean_a']],
    ['kind:typescript', all],
    ['kind:<null>', []],
    ['tag:pii', ['mart/sales']],
    ['tag:stage', []],
    ['tag:stage=mart', ['mart/sales']],
    ['tag:"stage"="mart"', ['mart/sales']],
    ['tag:my.tag=1-a', ['mart/sales']],
    ['tag:"dagster/kind/duckdb"', ['clean_a']],
    ['owner:"ann@example.com"', ['mart/sales']],
    ['owner:"team:data"', ['mart/sales']],
    ['is:materializable', all],
    ['is:external', []],
    // The graph.
    ['+key:joined', ['raw', 'clean_a', 'clean_b', 'joined']],
    ['1+key:joined', ['clean_a', 'clean_b', 'joined']],
    ['0+key:joined', ['joined']],
    ['key:raw+', ['raw', 'clean_a', 'clean_b', 'joined', 'mart/sales']],
    ['key:raw+1', ['raw', 'clean_a', 'clean_b']],
    ['1+key:joined+1', ['clean_a', 'clean_b', 'joined', 'mart/sales']],
    ['+(key:clean_a or key:clean_b)', ['raw', 'clean_a', 'clean_b']],
    ['key:clean_a+ and +key:joined', ['clean_a', 'joined']],
    ['roots(*)', ['raw', 'v2.with-dash']],
    ['sinks(*)', ['mart/sales', 'v2.with-dash']],
    ['roots(key:raw or group:marts)', ['raw']],
    ['sinks(group:marts)+', ['mart/sales']],
    // Words.
    ['not group:default', ['raw', 'joined', 'mart/sales']],
    ['not group:default and not key:raw', ['joined', 'mart/sales']],
    ['key:raw or group:marts and key:joined', ['raw', 'joined']],
    ['(key:raw or group:marts) and key:joined', ['joined']],
    ['NOT key:raw AND key:joined OR key:raw', ['raw', 'joined']],
  ])('%s', (selection, keys) => {
    expect(selectAssets(selection, assets)).toEqual(keys)
  })

  test('a name without an asset is named, with the nearest one', () => {
    expect(message('raw,joind')).toMatchInlineSnapshot(
      `"The selection "raw,joind" contains "joind", which matches no asset. Did you mean "joined"? Run \`dagma asset list\` to see the assets. [DAGMA_SELECTION_UNKNOWN]"`,
    )
    expect(message('+key:"marts/sales" and kind:x')).toContain('contains "marts/sales", which matches no asset. Did you mean "mart/sales"?')
    expect(message('nothing_like_it')).toContain('contains "nothing_like_it", which matches no asset. Run')
  })
})

test('a list of 20,000 names is looked up name by name', { timeout: 30_000 }, () => {
  const many = definitions({ assets: Array.from({ length: 20_000 }, (_, index) => asset({ key: `n${index}`, run: () => 1 })) }).assets
  expect(selectAssets([...many.keys()].join(','), many)).toHaveLength(20_000)
})

describe('text that cannot be read', () => {
  test('the whole message', () => {
    expect(message('key:raw and and kind:x')).toMatchInlineSnapshot(
      `"The selection "key:raw and and kind:x" is invalid: at column 13, a selection such as key:"a" was expected, but there is "a". Write it as Dagster does, for example \`key:"a" or group:llm\`, \`+a\`, \`a+\`, or a list such as \`a,b\`. [DAGMA_SELECTION_SYNTAX]"`,
    )
  })

  test.each<[selection: string, problem: string]>([
    ['key:raw and', 'at column 12, a selection such as key:"a" was expected, but there is nothing more'],
    ['key:raw key:joined', 'at column 9, "+", ",", "and", "or" or the end was expected, but there is "k"'],
    ['key:raw And key:joined', 'at column 9, "+", ",", "and", "or" or the end was expected, but there is "A"'],
    ['raw and key:joined', 'at column 1, "raw" is a bare name, which stands alone or in a list; here write key:"raw"'],
    ['key:raw or joined', 'at column 12, "joined" is a bare name'],
    ['raw joined', 'at column 1, "raw" is a bare name'],
    ['raw,,joined', 'at column 5, a selection such as key:"a" was expected, but there is ","'],
    ['raw,', 'at column 5, a selection such as key:"a" was expected, but there is nothing more'],
    ['()', 'at column 2, a selection such as key:"a" was expected, but there is ")"'],
    ['(key:raw', 'at column 9, ")", "+", "and" or "or" was expected, but there is nothing more'],
    ['key:raw)', 'at column 8, "+", ",", "and", "or" or the end was expected, but there is ")"'],
    ['"raw"', 'at column 1, a selection such as key:"a" was expected, but there is a double quote'],
    ['key:', 'at column 5, a key (a word which may hold "*", or text in double quotes) was expected, but there is nothing more'],
    ['tag:tier=*', 'at column 10, a value (a word, or text in double quotes) was expected, but there is "*"'],
    ['kind:3d', 'at column 6, a value (a word, or text in double quotes) was expected, but there is "3"'],
    ['key raw', 'at column 5, ":" was expected, but there is "r"'],
    ['key:*', 'at column 5, all assets are "*" alone, or key:"*" with double quotes'],
    ['+*', 'at column 2, "*" means all assets, or stands beside a bare name; to follow the graph from a filter, write "+"'],
    ['*key:raw', 'at column 1, "*" means all assets'],
    ['not ++key:raw', 'at column 6, before a filter one "+" means all levels; for two levels write 2+'],
    ['owner:ann@example.com', 'at column 10, a value that holds "@" needs double quotes around it'],
    ['group:m*', 'at column 8, a value that holds "*" needs double quotes around it'],
    ['group:column', 'at column 7, "column" is a word of the syntax, so as a value it needs double quotes'],
    ['group:"marts', 'at column 13, the double quote is not closed'],
    ['key:"a\\"b"', 'at column 7, text in double quotes cannot hold a backslash'],
    ['name:raw', 'at column 1, there is no filter "name:"'],
    ['Key:raw', 'at column 1, there is no filter "Key:"'],
    ['* and upstream(*)', 'at column 7, there is no function "upstream()", only roots() and sinks()'],
    ['key:raw or\n  %', 'at line 2, column 3, a selection such as key:"a" was expected, but there is "%"'],
    ['* and status:healthy', `at column 7, "status:" works in Dagster's UI only, since only a running Dagster knows the answer`],
    ['code_location:here', `at column 1, "code_location:" works in Dagster's UI only`],
    ['is:new', 'at column 1, "is:" takes "materializable" or "external"'],
    ['partitions:none', 'at column 1, "partitions:" is not supported by Dagma'],
  ])('%s', (selection, problem) => {
    expect(message(selection)).toContain(`is invalid: ${problem}`)
  })
})

describe('a selection of any size is read or refused, never a crash', () => {
  const nested = (depth: number) => `${'('.repeat(depth)}key:raw${')'.repeat(depth)}`

  test.each([
    ['parentheses', nested],
    ['"not"', (depth: number) => `${'not '.repeat(depth)}key:raw`],
    ['both', (depth: number) => `${'not ('.repeat(depth / 2)}key:raw${')'.repeat(depth / 2)}`],
    ['functions', (depth: number) => `${'roots('.repeat(depth)}key:raw${')'.repeat(depth)}`],
  ])('%s', (_, of) => {
    expect(message(of(500))).toContain('selected raw')
    expect(message(of(502))).toMatch(/is invalid: at column \d+, parentheses and "not" are nested more than 500 deep/)
    expect(message(of(100_000))).toContain('nested more than 500 deep')
  })

  test('siblings do not count as depth', () => {
    expect(message(Array.from({ length: 20_000 }, () => '(not key:raw)').join(' and '))).toMatch(/^selected (?!raw\b)/)
    expect(message(Array.from({ length: 20_000 }, () => 'not group:"("').join(' or '))).toContain('selected raw')
  })

  test('a long one is cut in its error', () => {
    expect(message(`key:"${'x'.repeat(100_000)}"`).length).toBeLessThan(1000)
  })

  test('many "*" in a pattern', () => {
    expect(message(`key:"${'*a'.repeat(5000)}*nothing"`)).toBe('selected ')
  })
})

function message(selection: string): string {
  try {
    return `selected ${selectAssets(selection, assets)}`
  } catch (error) {
    return (error as Error).message
  }
}
