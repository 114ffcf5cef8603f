/** Takes from the environment of all tests what the caller's shell sets for real systems: a test sets the variables that it is about by itself. */
const ofSystems = /^(?:QDRANT|MLFLOW|LANGFLOW|EMBEDDINGS|OPENAI|OTEL|DAGSTER|DAGMA(?!_TEST))_/

for (const name of Object.keys(process.env)) if (ofSystems.test(name)) delete process.env[name]
