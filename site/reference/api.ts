/** The API reference: what TypeDoc makes of the doc comments, a page for each entry point. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { Application, type ProjectReflection } from 'typedoc'
import type { PluginOptions } from 'typedoc-plugin-markdown'
import { outsideFences, repository } from '../pages.ts'
import { apiNames, declarationOf, specifier } from './entry-points.ts'

/** The layout of the pages; see the plugin's documentation. */
const format: Partial<PluginOptions> = {
  hidePageHeader: true,
  hideBreadcrumbs: true,
  pageTitleTemplates: { module: '{name}' },
  useCodeBlocks: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  classPropertiesFormat: 'table',
  tableColumnSettings: { hideModifiers: true, hideInherited: true, hideOverrides: true },
  sanitizeComments: true,
  useHTMLEncodedBrackets: true,
  useHTMLAnchors: true,
}

/** The exports of the entry points, read from the declarations that `tsc --build` wrote. */
async function readExports(): Promise<{ app: Application; project: ProjectReflection }> {
  const entries = new Map(apiNames.map((name) => [declarationOf(name), name]))
  const app = await Application.bootstrapWithPlugins({
    entryPoints: [...entries.keys()],
    tsconfig: join(repository, 'site/reference/tsconfig.json'),
    plugin: ['typedoc-plugin-markdown'],
    router: 'module',
    readme: 'none',
    disableSources: true,
    disableGit: true,
    excludeExternals: true,
    excludePrivate: true,
    excludeInternal: true,
    logLevel: 'Warn',
    sort: ['alphabetical'],
    ...format,
  })
  const project = await app.convert()
  if (project === undefined || app.logger.hasWarnings()) throw new Error('TypeDoc could not read the declarations of the packages.')
  for (const module of project.children ?? []) {
    const [, name] = [...entries].find(([file]) => file.replace(/(?:\/index)?\.d\.ts$/, '').endsWith(`/${module.name}`)) ?? []
    if (name === undefined) throw new Error(`TypeDoc read an entry point that is not known: ${module.name}`)
    module.name = specifier(name)
  }
  return { app, project }
}

/** A page for each entry point. */
export async function apiPages(): Promise<readonly { readonly route: string; readonly text: string }[]> {
  const { app, project } = await readExports()
  const folder = mkdtempSync(join(tmpdir(), 'dagma-api-'))
  try {
    await app.outputs.writeOutput({ name: 'markdown', path: folder }, project)
    return apiNames.map((name) => {
      const file = `${specifier(name)}.md`
      return { route: `api/${name}.md`, text: onSite(file, readFileSync(join(folder, file), 'utf8')) }
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Links lead to the pages of their entry points, anchors are in VitePress's form. Rows of tables have none: a link to one is plain text. */
function onSite(file: string, text: string): string {
  return outsideFences(text, (part) =>
    part
      .replaceAll(/^<a id="([^"]*)"><\/a>\n+(#+ .*)$/gm, '$2 {#$1}')
      .replaceAll(/<a id="[^"]*"><\/a>\s*/g, '')
      .replaceAll(/\[((?:\\.|[^\]\\\n])*)\]\(([^)\s:]+)\)/g, (_, label: string, link: string) => {
        const [path = '', hash = ''] = link.split('#')
        if (hash.startsWith('property-')) return label
        const target = path === '' ? file : posix.join(posix.dirname(file), path)
        const name = apiNames.find((name) => `${specifier(name)}.md` === target)
        if (name === undefined) throw new Error(`${file} has a link to a page that is not there: ${link}`)
        return `[${label}](/api/${name}.md${hash === '' ? '' : `#${hash}`})`
      }),
  )
}
