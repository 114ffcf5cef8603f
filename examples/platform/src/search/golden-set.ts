/** A question about this project, and the pages of its documentation that answer it. */
export interface GoldenQuestion {
  readonly id: string
  readonly question: string
  /** Pages, each of which answers it. */
  readonly relevant: readonly string[]
}

const questions: readonly (readonly [id: string, question: string, ...relevant: string[]])[] = [
  ['secrets-in-logs', 'How are secrets kept out of logs?', 'docs/guide/secrets.md'],
  ['mlflow-variable', 'Which variable turns the real MLflow on?', 'README.md', 'docs/production.md'],
  ['upstream-fails', 'What happens to a step when its upstream fails?', 'docs/guide/assets.md'],
  ['qdrant-404', 'Why does my Qdrant link give 404?', 'docs/troubleshooting.md'],
  ['schedule-tick', 'When does a schedule tick, and who runs it?', 'docs/guide/jobs-and-schedules.md'],
  ['test-one-asset', 'How do I test one asset without running the ones before it?', 'docs/guide/testing.md'],
  ['exit-code-2', 'What does exit code 2 mean?', 'docs/guide/cli.md'],
  ['parallel-steps', 'Can several steps run in parallel?', 'docs/guide/embedded-engine.md'],
  ['vector-in-metadata', 'Can I put an embedding vector into the metadata?', 'docs/guide/metadata-and-links.md'],
  ['one-worker', 'Why is there only one Node worker for a whole run?', 'docs/decisions/0009-one-warm-worker-a-run.md'],
  [
    'crash-recorded',
    'Does a crashed process lose what was already recorded?',
    'docs/guide/embedded-engine.md',
    'docs/decisions/0011-event-log-on-node-sqlite.md',
  ],
  ['password-printed', 'What is printed instead of a password?', 'docs/guide/secrets.md'],
  ['backend-local', 'Why does my asset show backend local?', 'docs/guide/metadata-and-links.md', 'docs/troubleshooting.md', 'README.md'],
  ['valibot', 'Can I use valibot instead of zod?', 'docs/guide/assets.md', 'docs/decisions/0006-standard-schema-for-config.md'],
  [
    'environment-in-development',
    'Where do I put environment variables during development?',
    'docs/guide/secrets.md',
    'docs/production.md',
    'README.md',
  ],
  [
    'cron-without-dagster',
    'How do I run a job from cron without Dagster?',
    'docs/guide/jobs-and-schedules.md',
    'docs/guide/embedded-engine.md',
  ],
  ['order-only', 'How do I make two assets depend on each other in order only?', 'docs/guide/assets.md'],
  ['key-characters', 'What characters may an asset key contain?', 'docs/guide/assets.md'],
  ['ports', 'Which ports and addresses does dagma dev listen on?', 'docs/guide/dagster-host.md', 'docs/production.md'],
  [
    'value-in-script',
    'How do I read the value of an asset after a run in my own script?',
    'docs/guide/embedded-engine.md',
    'docs/guide/values-and-io.md',
  ],
  ['write-python', 'Do I have to write any Python?', 'README.md', 'docs/guide/dagster-host.md'],
  [
    'approximate-search',
    'Can the search miss a vector because it is approximate?',
    'docs/decisions/0004-sqlite-vec-for-the-local-vector-store.md',
    'packages/qdrant/README.md',
  ],
  ['vector-size', 'The collection already exists with a different vector size', 'docs/troubleshooting.md', 'packages/qdrant/README.md'],
  ['own-link', 'How do I add a clickable link to my own report?', 'docs/guide/metadata-and-links.md'],
  [
    'dagma-folder',
    'What is stored in the .dagma folder?',
    'docs/guide/getting-started.md',
    'docs/guide/values-and-io.md',
    'docs/guide/embedded-engine.md',
  ],
  [
    'first-start',
    'How long does the first start of Dagster take?',
    'README.md',
    'docs/guide/dagster-host.md',
    'docs/guide/getting-started.md',
  ],
  ['enums', 'May enums be used in my TypeScript?', 'docs/troubleshooting.md', 'docs/guide/getting-started.md'],
  ['nightly-time-zone', 'How do I name the time zone for a nightly run?', 'docs/guide/jobs-and-schedules.md'],
  ['retry-flaky', 'How often is a failing step tried again, and after how long?', 'docs/guide/retries-timeouts-hooks.md'], // words: allowed
  ['blocking-check', 'How can a check stop downstream assets?', 'docs/guide/checks.md'],
  [
    'backfill-one-run',
    'How do I backfill a month of partitions in a single run?',
    'docs/guide/partitions.md',
    'docs/decisions/0029-one-run-for-many-partitions.md',
  ],
  ['sensor-cursor', 'Where does a sensor keep its cursor?', 'docs/guide/sensors.md'],
  ['several-values', 'How does one function return several assets?', 'docs/guide/multi-assets.md'],
  ['values-in-s3', 'How do I keep the values of assets in S3?', 'docs/guide/values-and-io.md', 'docs/production.md'],
  ['select-downstream', 'How do I select an asset with everything downstream of it?', 'docs/guide/selection.md'],
  ['traces', 'How do I send traces with OpenTelemetry?', 'docs/guide/opentelemetry.md', 'packages/opentelemetry/README.md'],
  ['doctor', 'How do I check whether my systems respond?', 'docs/guide/doctor.md', 'docs/guide/cli.md'],
  ['report-runs', 'How do runs of the embedded engine get into Dagster?', 'docs/guide/reporting.md'],
  ['pipes-script', 'Can a script report to Dagster by Pipes?', 'docs/guide/pipes.md'],
  ['accept-drop', 'How do I accept an evaluation whose scores have dropped?', 'docs/guide/evaluations.md'],
]

/** Forty questions, written before it was known what the search finds, and never changed for its sake. */
export const goldenSet: readonly GoldenQuestion[] = questions.map(([id, question, ...relevant]) => ({ id, question, relevant }))
