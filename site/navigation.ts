/** The order of the pages in the navigation, by their files in the repository. Titles are the pages' own. */
interface Group {
  readonly title: string
  readonly chinese: string
  readonly pages: readonly string[]
}

const guide = (...names: readonly string[]): string[] => names.map((name) => `docs/guide/${name}.md`)
const recipes = (...names: readonly string[]): string[] => names.map((name) => `docs/recipes/${name}.md`)
const readmes = (...names: readonly string[]): string[] => names.map((name) => `packages/${name}/README.md`)

/** Pages that the site generates, beside the API reference. */
export const generated = {
  commands: 'reference/commands.md',
  options: 'reference/options.md',
  environment: 'reference/environment.md',
} as const

export const groups: readonly Group[] = [
  {
    title: 'Start',
    chinese: '入门',
    pages: [...guide('getting-started', 'project-layout'), ...readmes('create-dagma'), 'examples/platform/README.md'],
  },
  {
    title: 'Concepts',
    chinese: '概念',
    pages: [
      'docs/glossary.md',
      ...guide('assets', 'multi-assets', 'external-and-observable-assets', 'values-and-io', 'metadata-and-links', 'resources', 'secrets'),
      ...guide(
        'partitions',
        'items',
        'checks',
        'evaluations',
        'jobs-and-schedules',
        'sensors',
        'automation',
        'retries-timeouts-hooks',
        'selection',
        'testing',
      ),
    ],
  },
  {
    title: 'Recipes',
    chinese: '实用示例',
    pages: [
      ...recipes(
        'rag-over-a-folder',
        'hybrid-search',
        'blocking-evaluation',
        'nightly-ingestion',
        'calling-an-api',
        's3',
        'alerts',
        'monorepo',
      ),
      ...recipes('from-crontab', 'from-github-actions', 'from-dagster-python', 'from-airflow'),
    ],
  },
  {
    title: 'Integrations',
    chinese: '集成',
    pages: [...readmes('mlflow', 'qdrant', 'langflow', 'openai', 'ai', 'opentelemetry'), ...guide('generation', 'opentelemetry', 'pipes')],
  },
  {
    title: 'Hosting',
    chinese: '部署',
    pages: [
      ...guide('embedded-engine', 'dagster-host', 'reporting', 'doctor'),
      'docs/hosting.md',
      'docs/production.md',
      'docs/troubleshooting.md',
    ],
  },
  {
    title: 'Reference',
    chinese: '参考',
    pages: [
      ...guide('cli'),
      ...Object.values(generated),
      'docs/errors.md',
      'docs/observation-fields.md',
      'docs/versions.md',
      'CHANGELOG.md',
    ],
  },
  {
    title: 'Contributing',
    chinese: '参与开发',
    pages: ['CONTRIBUTING.md', 'docs/architecture.md', 'docs/dead-ends.md', 'docs/decisions/README.md', 'python/README.md'],
  },
]
