/** Reads the project's `.env`, as the command line and Dagster do. Import it before what reads the environment. */
import { existsSync } from 'node:fs'

const file = new URL('../.env', import.meta.url)
if (existsSync(file)) process.loadEnvFile(file)
