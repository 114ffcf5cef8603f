/**
 * A plain script, no Dagma project, that a Pipes client of a real Dagster starts (`python/tests/test_pipes_script.py`). The extra `case` tells what it does.
 */
import { execFileSync } from 'node:child_process'
import { DagmaError, type Json, MetadataValue, type PipesMetadata, type PipesSession, runPipes, secret } from 'dagma/pipes'

/** One of each type, under its name; the other side has the same table. */
const everyType: PipesMetadata = {
  text: MetadataValue.text('plain'),
  md: MetadataValue.md('# title'),
  json: MetadataValue.json({ a: [1, null, 'π'] }),
  json_number: MetadataValue.json(1.5),
  url: MetadataValue.url('https://example.com/a?b=c#d'),
  path: MetadataValue.path('/tmp/a b'),
  notebook: MetadataValue.notebook('/tmp/a.ipynb'),
  int: MetadataValue.int(-9007199254740991),
  float: MetadataValue.float(0.1),
  whole_float: MetadataValue.float(5),
  huge_float: MetadataValue.float(1e300),
  bool: MetadataValue.bool(false),
  timestamp: MetadataValue.timestamp(1_700_000_000),
  null: MetadataValue.null(),
  asset: MetadataValue.asset('warehouse/orders'),
  dagster_run: MetadataValue.dagsterRun('0b0c5c1e-0000-4000-8000-000000000000'),
  table: MetadataValue.table({ records: [{ day: 'Monday', n: 1 }] }),
  table_schema: MetadataValue.tableSchema({ columns: [{ name: 'n', type: 'int', description: 'how many' }] }),
  lineage: MetadataValue.tableColumnLineage({ depsByColumn: { n: [{ assetKey: 'warehouse/orders', columnName: 'id' }] } }),
  plain_text: 'a line\u2028and another \u{1F600}',
  plain_int: 7,
  plain_float: 0.5,
  plain_bool: true,
  plain_null: null,
  plain_date: new Date(1_700_000_000_500),
  plain_list: [1, 'two'],
  plain_object: { raw_value: 1 },
  left_out: undefined,
  raw_int: { type: 'int', raw_value: 3 },
  raw_whole_float: { type: 'float', raw_value: 3 },
  raw_md: { type: 'md', raw_value: '*a*' },
  raw_inferred: { type: '__infer__', raw_value: 'text' },
  raw_table: { type: 'table', raw_value: { records: [{ a: 1 }], schema: [{ name: 'a', type: 'int', description: null }] } },
}

/** The properties of the context; for one that throws, the code of its error. */
function contextJson({ context }: PipesSession): unknown {
  const properties = [
    'runId',
    'jobName',
    'retryNumber',
    'isAssetStep',
    'assetKey',
    'assetKeys',
    'codeVersion',
    'codeVersionByAssetKey',
    'provenance',
    'isPartitionStep',
    'partitionKey',
    'partitionKeyRange',
    'partitionTimeWindow',
    'extras',
  ] as const
  return Object.fromEntries(properties.map((name) => [name, codeOr(() => context[name] ?? null)]))
}

function codeOr(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return error instanceof DagmaError ? error.code : String(error)
  }
}

const cases: { readonly [name: string]: (pipes: PipesSession) => void | Promise<void> } = {
  context: (pipes) => pipes.reportCustomMessage(contextJson(pipes)),

  metadata: (pipes) => pipes.reportAssetMaterialization({ metadata: everyType, dataVersion: 'v1' }),

  logs: ({ log }) => {
    for (const level of ['debug', 'info', 'warning', 'error', 'critical'] as const) log[level](`at ${level}`)
    log.info('two lines\nof π, \u2028, half of \ud83d and \u{1F600}')
  },

  several: (pipes) => {
    pipes.reportAssetMaterialization({ assetKey: 'warehouse/orders', metadata: { n: 1 }, dataVersion: 'alpha' })
    pipes.reportAssetMaterialization({ assetKey: 'sums', metadata: { n: 2 } })
    const metadata = { share: MetadataValue.float(1) }
    pipes.reportAssetCheck({ assetKey: 'sums', checkName: 'positive', passed: true, metadata })
    pipes.reportAssetCheck({ assetKey: 'warehouse/orders', checkName: 'fresh', passed: false, severity: 'WARN' })
  },

  custom: (pipes) => {
    const payloads: readonly Json[] = ['text', 1, 1.5, true, null, [1, ['two']], { a: { b: null } }, 'π\u2028']
    for (const payload of payloads) pipes.reportCustomMessage(payload)
  },

  error: () => {
    const cause = new TypeError('no such table', { cause: new RangeError('connection refused') })
    throw new Error('Very bad error has happened!', { cause })
  },

  uses: (pipes) => {
    const codes = [
      () => pipes.reportAssetMaterialization(),
      () => pipes.reportAssetMaterialization({ assetKey: 'other' }),
      () => pipes.reportAssetMaterialization({ assetKey: 'sums', metadata: { bad: { type: 'int', raw_value: 0.5 } } }),
      () => pipes.reportAssetMaterialization({ assetKey: 'sums' }),
      () => pipes.reportAssetMaterialization({ assetKey: 'sums' }),
      () => pipes.reportAssetCheck({ checkName: 'positive', passed: true }),
      () => pipes.reportCustomMessage(undefined),
    ].map((act) => codeOr(act) ?? null)
    pipes.reportCustomMessage(codes)
    pipes.reportAssetMaterialization({ assetKey: 'warehouse/orders' })
  },

  secrets: (pipes) => {
    const value = secret('PIPES_TEST_SECRET').reveal()
    pipes.log.info(`log ${value}`)
    pipes.reportCustomMessage({ [value]: `custom ${value}` })
    pipes.reportAssetMaterialization({ metadata: { m: `metadata ${value}`, raw: { type: 'url', raw_value: `https://x/${value}` } } })
    console.log(`stdout ${value}`)
    throw new Error(`error ${value}`)
  },

  prints: () => {
    console.log('printed by the script')
    console.error('complained the script')
    process.stdout.write('not ended')
    execFileSync(process.execPath, ['-e', 'console.log("printed by its child")'], { stdio: 'inherit' })
  },

  many: (pipes) => {
    for (let index = 0; index < 500; index += 1) pipes.reportCustomMessage(index)
  },
}

await runPipes(async (pipes) => {
  await cases[String(pipes.context.extra('case'))]?.(pipes)
})
