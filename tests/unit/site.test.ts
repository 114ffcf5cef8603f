/** The documentation site shows every page: `tests/real/site.test.ts` opens it. */
import { expect, test } from 'vitest'
import { generated, groups } from '../../site/navigation.ts'
import { sources } from '../../site/pages.ts'

test('the navigation has every page once, and no other; single decisions are reached from their list', () => {
  const listed = groups.flatMap(({ pages }) => pages)
  const pages = [...sources.map(({ file }) => file).filter((file) => !/\/decisions\/\d/.test(file)), ...Object.values(generated)]
  expect([...listed].sort()).toEqual(pages.sort())
})
