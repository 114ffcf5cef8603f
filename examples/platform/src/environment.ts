/** Reads the project's `.env`, as the command line and Dagster do. Import it before what reads the environment. */
import { fileURLToPath } from 'node:url'
import { loadDotenv } from 'dagma'

loadDotenv(fileURLToPath(new URL('..', import.meta.url)))
