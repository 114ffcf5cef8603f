/** Each translated page has everything that its original has: a change of the original without its translation fails here. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { revision, switchOfTranslation } from '../../site/revision.ts'
import { repository } from '../support/repository.ts'
import { gaps, type Page, translatedPath } from '../support/translation-gaps.ts'

/** Pages that are in Chinese; any other that gets a translation is held, too. */
const promised = [
  'README.md',
  'docs/guide/getting-started.md',
  'docs/glossary.md',
  'docs/guide/assets.md',
  'docs/production.md',
  'docs/troubleshooting.md',
]

const docs = readdirSync(join(repository, 'docs'), { recursive: true, encoding: 'utf8' }).map((file) => `docs/${file}`)
const originals = [...readdirSync(repository), ...docs].filter(
  (file) => /(?<!\.zh-CN)\.md$/.test(file) && existsSync(join(repository, translatedPath(file))),
)
const pairs = originals.map((path) => [page(path), page(translatedPath(path))] as const)

function page(path: string): Page {
  return { path, text: readFileSync(join(repository, path), 'utf8') }
}

test('the pages that are in Chinese are there', () => expect(originals).toEqual(expect.arrayContaining(promised)))

test('the front page of the site follows its English one', () => {
  const front = (folder: string): string => readFileSync(join(repository, 'site/content', folder, 'index.md'), 'utf8')
  expect(front('zh')).toContain(`对应英文版修订 \`${revision(front('.'))}\``)
})

test.each(pairs.map(([original, translation]) => ({ original, translation })))(
  '$translation.path has everything that $original.path has',
  ({ original, translation }) => {
    const found = gaps(original, translation, pairs)
    expect(found, `${translation.path} does not follow ${original.path}:\n${found.join('\n')}`).toEqual([])
  },
)

describe('what is missing is reported', () => {
  const original: Page = {
    path: 'docs/page.md',
    text: `# Page

English | [简体中文](page.zh-CN.md)

See [below](#more-of-it), [other](other.md#its-part) and [the rest](rest.md#a).

## Settings

| variable | meaning |
|---|---|
| \`A_B\` | one, as \`x\` |
| \`C\`, \`D\` | two |

## More of it

1. First.
2. Then \`run\`.

\`\`\`sh
# no heading
run --all
\`\`\`
`,
  }
  const translation: Page = {
    path: 'docs/page.zh-CN.md',
    text: `# 页面

${switchOfTranslation('page.md', original.text)}

见[下文](#更多内容)、[其他](other.zh-CN.md#一部分)和[其余](rest.md#a)。

## 设置

| 变量 | 含义 |
|---|---|
| \`A_B\` | 一，例如 \`x\` |
| \`C\`、\`D\` | 二 |

## 更多内容

1. 首先。
2. 然后 \`run\`。

\`\`\`sh
# no heading
run --all
\`\`\`
`,
  }
  const other: Page = { path: 'docs/other.md', text: '# Other\n\n## Its part\n' }
  const otherTranslated: Page = { path: 'docs/other.zh-CN.md', text: '# 其他\n\n## 一部分\n' }
  const all = [
    [original, translation],
    [other, otherTranslated],
  ] as const

  it('nothing, when nothing is', () => expect(gaps(original, translation, all)).toEqual([]))

  it.each([
    ['a section', '## More', '## New\n\nWords.\n\n## More', ['section is missing: ## New']],
    ['a level', '## More', '### More', ['heading: ### More of it in the original, ## 更多内容 in the translation']],
    ['a last section', 'run --all\n```\n', 'run --all\n```\n\n## End\n', ['section is missing: ## End']],
    [
      'a code block',
      'run --all',
      'run --every',
      ['under "More of it" ("更多内容"): code block is missing: ```sh', 'run --every', 'not in the original'],
    ],
    ['a comment in a code block', '# no heading', '# none', ['code block is missing']],
    ['a table row', '| `C`', '| `NEW` | three |\n| `C`', ['under "Settings" ("设置"): table row is missing: `NEW`']],
    [
      'a row without an identifier',
      '| `C`',
      '| new | three |\n| `C`',
      ['table row is missing: one without an identifier', 'table cells: 13 in the original, 10'],
    ],
    ['a name in the first column', '`A_B`', '`A_C`', ['table row is missing: `A_C`', 'not in the original: `A_B`']],
    ['a name elsewhere', 'as `x`', 'as `y`', ['code is missing: `y`', 'code is not in the original: `x`']],
    ['a link', '[the rest](rest.md#a)', '[the rest](rest.md#b)', ['link is missing: rest.md#b', 'link is not in the original: rest.md#a']],
    ['an anchor of a translated page', 'other.md#its-part', 'other.md', ['link is missing: other.zh-CN.md', 'other.zh-CN.md#一部分']],
    ['an item of a list', '2. Then', '2. Next.\n3. Then', ['list items: 3 in the original, 2 in the translation']],
    ['a paragraph', '1. First', 'Words.\n\n1. First', ['under "More of it" ("更多内容"): paragraphs: 4 in the original, 3']],
    ['another revision', 'Then', 'Now', ['the third line of docs/page.zh-CN.md is not the language switch, with the revision']],
    ['the language switch', 'English | ', '', ['the third line of docs/page.md is not the language switch']],
  ])('%s', (_, before, after, expected) => {
    expect(original.text).toContain(before)
    const changed = { ...original, text: original.text.replace(before, after) }
    const found = gaps(changed, translation, all).join('\n')
    for (const words of expected) expect(found).toContain(words)
  })

  it('rows in another order, and a link that stayed with the English page', () => {
    const rows = /(\| `A_B`.*\n)(\| `C`.*\n)/
    const wrong = { ...translation, text: translation.text.replace(rows, '$2$1').replace('other.zh-CN.md#一部分', 'other.md#its-part') }
    expect(gaps(original, wrong, all)).toEqual([
      'under "Page" ("页面"): link is missing: other.zh-CN.md#一部分',
      'under "Page" ("页面"): link is not in the original: other.md#its-part',
      'under "Settings" ("设置"): its table rows are in another order',
    ])
  })
})
