/**
 * Takes from the environment of all tests, and of the processes that they start, what the caller's shell sets for real systems and for colors: a test
 * sets the variables that it is about by itself.
 */
const ofCaller = /^(?:(?:QDRANT|MLFLOW|LANGFLOW|EMBEDDINGS|OPENAI|OTEL|DAGSTER|DAGMA(?!_TEST))_|(?:FORCE|NO)_COLOR$)/

for (const name of Object.keys(process.env)) if (ofCaller.test(name)) delete process.env[name]
