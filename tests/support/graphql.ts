/** A call to the GraphQL API of a Dagster web server, as its UI makes them; the answer as it came, too. */
export async function graphql(
  address: string,
  query: string,
  variables: object = {},
): Promise<{ readonly data: unknown; readonly text: string }> {
  const answer = await fetch(`${address}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  const text = await answer.text()
  const { data, errors } = JSON.parse(text) as { data?: unknown; errors?: unknown }
  if (errors !== undefined) throw new Error(`GraphQL answered ${JSON.stringify(errors)}`)
  return { data, text }
}

const launch = `mutation Launch($job: String!) {
  launchRun(executionParams: { selector: { repositoryLocationName: "dagma.definitions", repositoryName: "__repository__", jobName: $job } }) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}`

/** Launches a job, as a click in the UI does, and gives the run's id. */
export async function launchRun(address: string, job: string): Promise<string> {
  const { data, text } = await graphql(address, launch, { job })
  const { launchRun: launched } = data as { launchRun: { run?: { runId: string } } }
  if (launched.run === undefined) throw new Error(`Dagster did not launch ${job}: ${text}`)
  return launched.run.runId
}
