/**
 * Random metadata in the form of Pipes, one set a line, for the Python suite: `node metadata.ts SEED COUNT`. Most of what is drawn is wrong
 * in some way; what Dagma refuses is left out, so that everything that is printed must be read by Dagster.
 */
import fc from 'fast-check'
import { DagmaError } from '../../packages/dagma/src/errors.ts'
import { type Metadata, MetadataValue, type Table } from '../../packages/dagma/src/metadata/metadata-value.ts'
import { bound, normalize } from '../../packages/dagma/src/metadata/normalize.ts'

const [seed = '0', count = '100'] = process.argv.slice(2)

const name = fc.constantFrom('a', 'b', 'c d', 'toString', '')
const cell = fc.oneof(
  { weight: 20, arbitrary: fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.constant(undefined)) },
  { weight: 1, arbitrary: fc.anything() },
)
const column = fc.record(
  {
    name: fc.oneof({ weight: 20, arbitrary: name }, { weight: 1, arbitrary: fc.integer() }),
    type: fc.constantFrom('int', 'string'),
    description: fc.string(),
    constraints: fc.record(
      { nullable: fc.boolean(), unique: fc.oneof(fc.boolean(), fc.integer()), other: fc.array(fc.string()), more: fc.boolean() },
      { requiredKeys: [] },
    ),
    tags: fc.dictionary(fc.string(), fc.oneof({ weight: 5, arbitrary: fc.string() }, { weight: 1, arbitrary: fc.boolean() })),
  },
  { requiredKeys: ['name'] },
)
const schema = fc.record({ columns: fc.array(column, { maxLength: 3 }) })
const records = fc.array(fc.dictionary(name, cell, { maxKeys: 3 }), { maxLength: 60 })
const table = fc.record({ records, schema }, { requiredKeys: ['records'] })
const dep = fc.record({ assetKey: fc.constantFrom('x', 'x/y'), columnName: name })
const lineage = fc.record({ depsByColumn: fc.dictionary(name, fc.array(dep, { maxLength: 3 }), { maxKeys: 2 }) })
const deep = fc
  .integer({ min: 90, max: 110 })
  .map((levels): unknown => JSON.parse(`${'[{"a":'.repeat(levels / 2)}1${'}]'.repeat(levels / 2)}`))

/** Half of it is not what the types say: as from JavaScript. */
const drawn = fc.oneof(
  fc.anything(),
  fc.jsonValue(),
  deep,
  table.map((value) => MetadataValue.table(value as Table<{}>)),
  schema.map((value) => MetadataValue.tableSchema(value as never)),
  lineage.map((value) => MetadataValue.tableColumnLineage(value)),
)

for (const value of fc.sample(drawn, { seed: Number(seed), numRuns: Number(count) })) {
  try {
    process.stdout.write(`${JSON.stringify(bound(normalize({ key: value } as Metadata)))}\n`)
  } catch (error) {
    if (!(error instanceof DagmaError)) throw error
  }
}
