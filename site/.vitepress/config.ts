import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DefaultTheme, defineConfig } from 'vitepress'
import { anchor } from '../anchors.ts'
import { groups } from '../navigation.ts'
import { route, site } from '../pages.ts'
import { apiNames } from '../reference/entry-points.ts'

const pages = join(site, 'pages')

/** The navigation beside the pages, with the pages' own titles. */
function sidebar(below: '' | 'zh/'): DefaultTheme.SidebarItem[] {
  const item = (path: string): DefaultTheme.SidebarItem => ({ text: title(below + path), link: `/${below}${path}` })
  const chapters = groups.map((group) => ({
    text: below === '' ? group.title : group.chinese,
    items: group.pages.map((file) => item(route(file) ?? file)),
  }))
  return [...chapters, { text: 'API', items: apiNames.map((name) => item(`api/${name}.md`)) }]
}

function title(path: string): string {
  const file = join(pages, path)
  if (!existsSync(file)) throw new Error(`navigation.ts names a page that is not there: ${path}`)
  return (/^# (.*)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? path).replaceAll('`', '')
}

const start = '/guide/getting-started'

export default defineConfig({
  title: 'Dagma',
  description: 'Software-defined assets in TypeScript, run in one Node process or in the real Dagster.',
  srcDir: 'pages',
  srcExclude: ['public/**'],
  outDir: 'dist',
  cacheDir: '.vitepress/cache',
  markdown: {
    html: false,
    anchor: { slugify: anchor },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  head: [['link', { rel: 'icon', href: '/logo.svg', type: 'image/svg+xml' }]],
  vite: {
    resolve: { alias: [{ find: /^.*\/VPHome\.vue$/, replacement: join(site, '.vitepress/theme/home.ts') }] },
    build: { chunkSizeWarningLimit: 2_000 },
  },
  themeConfig: {
    logo: '/logo.svg',
    search: {
      provider: 'local',
      options: {
        // The name of the button is what it shows.
        translations: { button: { buttonAriaLabel: '' } },
        miniSearch: {
          // Also words of Chinese, which stand without spaces between them. VitePress sends this function to the browser as text.
          options: {
            tokenize: (text) =>
              text
                .split(/[\n\r\p{Z}\p{P}`]+/u)
                .flatMap((part) =>
                  /\p{Script=Han}/u.test(part)
                    ? [...new Intl.Segmenter('zh', { granularity: 'word' }).segment(part)].map(({ segment }) => segment)
                    : [part],
                ),
          },
        },
        locales: {
          zh: {
            translations: {
              button: { buttonText: '搜索', buttonAriaLabel: '' },
              modal: {
                displayDetails: '显示详情',
                resetButtonTitle: '清除',
                backButtonTitle: '关闭',
                noResultsText: '没有结果',
                footer: { selectText: '选择', navigateText: '切换', closeText: '关闭' },
              },
            },
          },
        },
      },
    },
    outline: { level: [2, 3] },
  },
  locales: {
    root: {
      label: 'English',
      lang: 'en',
      themeConfig: {
        nav: [
          { text: 'Guide', link: start, activeMatch: '^/guide/' },
          { text: 'API', link: '/api/dagma', activeMatch: '^/api/' },
          { text: 'Changelog', link: '/changelog' },
        ],
        sidebar: sidebar(''),
      },
    },
    zh: {
      label: '简体中文',
      lang: 'zh-CN',
      description: '用 TypeScript 编写软件定义资产，在单个 Node 进程或真正的 Dagster 中运行。',
      themeConfig: {
        nav: [
          { text: '指南', link: `/zh${start}`, activeMatch: '^/zh/guide/' },
          { text: 'API', link: '/zh/api/dagma', activeMatch: '^/zh/api/' },
          { text: '更新日志', link: '/zh/changelog' },
        ],
        sidebar: sidebar('zh/'),
        outline: { level: [2, 3], label: '本页内容' },
        docFooter: { prev: '上一页', next: '下一页' },
        darkModeSwitchLabel: '外观',
        lightModeSwitchTitle: '切换到浅色模式',
        darkModeSwitchTitle: '切换到深色模式',
        sidebarMenuLabel: '目录',
        returnToTopLabel: '回到顶部',
        langMenuLabel: '语言',
        skipToContentLabel: '跳到正文',
        notFound: { title: '页面不存在', quote: '', linkText: '回到首页', linkLabel: '回到首页' },
      },
    },
  },
})
