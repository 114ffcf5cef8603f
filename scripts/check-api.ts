/**
 * Holds the public surface of each package against its reviewed report in `api/`: a part of `npm test`. `npm run gen:api` rewrites the reports:
 * read the difference before you commit it.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'

const root = fileURLToPath(new URL('..', import.meta.url))
const reports = join(root, 'api')
const update = process.argv.includes('--update')

let good = true
for (const folder of ['dagma', 'mlflow', 'qdrant', 'langflow', 'openai', 'ai', 'opentelemetry']) {
  const manifest = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'))
  for (const [door, target] of Object.entries<{ types?: string }>(manifest.exports)) {
    if (target.types !== undefined) good = check(folder, door, target.types) && good
  }
}
if (!good) {
  console.error('The public surface differs from its report in api/. If that is meant, run `npm run gen:api` and commit the report.')
  process.exitCode = 1
}

/** Whether what an entry point exports is what its report says. */
function check(folder: string, door: string, types: string): boolean {
  const packageFolder = join(root, 'packages', folder)
  const name = door === '.' ? folder : `${folder}${door.slice(1).replace('/', '-')}`
  mkdirSync(join(root, 'test-output', 'api'), { recursive: true })
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: packageFolder,
      newlineKind: 'lf',
      mainEntryPointFilePath: join(packageFolder, types),
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'ES2024',
            module: 'NodeNext',
            moduleResolution: 'NodeNext',
            strict: true,
            types: ['node'],
            skipLibCheck: true,
          },
          files: [join(packageFolder, types)],
        },
      },
      apiReport: { enabled: true, reportFileName: name, reportFolder: reports, reportTempFolder: join(root, 'test-output', 'api') },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(packageFolder, 'package.json'),
  })
  const { apiReportChanged, succeeded } = Extractor.invoke(config, {
    localBuild: update,
    messageCallback: (message) => {
      if (message.logLevel === 'info' || message.logLevel === 'verbose') message.handled = true
    },
  })
  return update || (succeeded && !apiReportChanged)
}
