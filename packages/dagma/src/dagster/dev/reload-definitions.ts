/** Asks a running Dagster to load the project's definitions again. */

const query = `mutation {
  reloadRepositoryLocation(repositoryLocationName: "dagma.definitions") {
    __typename
    ... on WorkspaceLocationEntry { locationOrLoadError { __typename ... on PythonError { message } } }
    ... on ReloadNotSupported { message }
    ... on PythonError { message }
  }
}`

interface Outcome {
  readonly __typename: string
  readonly message?: string
  readonly locationOrLoadError?: Outcome
}

/** @returns a line that says how it went; what is wrong with the definitions is in Dagster too */
export async function reloadDefinitions(address: string, signal: AbortSignal): Promise<string> {
  try {
    const answer = await fetch(`${address}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
      signal,
    })
    const { data } = (await answer.json()) as { data?: { reloadRepositoryLocation?: Outcome } }
    const outcome = data?.reloadRepositoryLocation
    const problem = outcome?.message ?? outcome?.locationOrLoadError?.message
    return problem === undefined
      ? 'A source file or .env has changed: definitions reloaded.'
      : `A source file or .env has changed. The definitions do not load:\n${problem.trim().replace(/^dagma\.errors\.\w+: /, '')}`
  } catch (error) {
    return signal.aborted ? '' : `A source file or .env has changed, but Dagster could not be asked to reload: ${String(error)}`
  }
}
