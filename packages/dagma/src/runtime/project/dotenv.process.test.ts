// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a .env file has them
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { setEnvironment, temporaryFolder, thrownBy } from '../../test/temporary.ts'
import { loadDotenv } from './dotenv.ts'
import { parseDotenv } from './parse-dotenv.ts'

const values = (text: string, environment = {}) => Object.fromEntries(parseDotenv(text, environment).values)

/** Each line as python-dotenv 1.2 parses it; `python/tests/test_dotenv.py` compares random texts with the library itself. */
describe('a value is what python-dotenv makes of it', () => {
  test.each([
    ['A=abc', { A: 'abc' }],
    ['A=pa#ss-word', { A: 'pa#ss-word' }],
    ['A=value # a comment', { A: 'value' }],
    ['A= # a comment', { A: '' }],
    ['A=#not one', { A: '#not one' }],
    ['A=https://u.example/#/path', { A: 'https://u.example/#/path' }],
    ['A=abc\nB=pre${A}post', { A: 'abc', B: 'preabcpost' }],
    ['B=${A:-other}-${C}-${D:-x}', { B: 'outside--x' }],
    ["B='${A}'", { B: 'outside' }],
    ['A=pa$$word$1', { A: 'pa$$word$1' }],
    ['A="line1\\nline2"', { A: 'line1\nline2' }],
    ['A="say \\"hi\\" now"', { A: 'say "hi" now' }],
    ["A='raw\\n it\\'s'", { A: "raw\\n it's" }],
    ['A=`tick value`', { A: '`tick value`' }],
    ['export A=1\nexport\tB=2', { A: '1', B: '2' }],
    ['A = spaced value \t', { A: 'spaced value' }],
    ['A=\nB', { A: '' }],
    ['A={"a": "b c"}', { A: '{"a": "b c"}' }],
    ['A="-----BEGIN-----\nabc\n-----END-----"\nB=1', { A: '-----BEGIN-----\nabc\n-----END-----', B: '1' }],
    ['KEY.DOT=1\nKEY-DASH=2', { 'KEY.DOT': '1', 'KEY-DASH': '2' }],
    ['A="C:\\new\\table"', { A: 'C:\new\table' }],
    ['A=1\r\nB=2\rC=3', { A: '1', B: '2', C: '3' }],
    ['A=1\nA=2', { A: '2' }],
  ])('%j', (text, expected) => expect(values(text, { A: 'outside' })).toEqual(expected))

  test('a line that cannot be read sets nothing and is named', () => {
    const { values, unreadableLines } = parseDotenv('A=1\n\n=nothing\nB="open\nC=3', {})
    expect([Object.fromEntries(values), unreadableLines]).toEqual([{ A: '1', C: '3' }, [3, 4]])
  })
})

describe('loadDotenv', () => {
  test('a byte-order mark is not a part of the first name; what is set stays', () => {
    setEnvironment({ DAGMA_TEST_FIRST: undefined, DAGMA_TEST_SET: 'outside', DAGMA_TEST_EMPTY: '' })
    loadDotenv(temporaryFolder({ '.env': '\uFEFFDAGMA_TEST_FIRST=1\nDAGMA_TEST_SET=file\nDAGMA_TEST_EMPTY=file' }))
    expect(process.env).toMatchObject({ DAGMA_TEST_FIRST: '1', DAGMA_TEST_SET: 'outside', DAGMA_TEST_EMPTY: '' })
  })

  test('what a parent process has from the same file follows the file; what it has from elsewhere stays', () => {
    const folder = temporaryFolder({ '.env': 'DAGMA_TEST_A=new\nDAGMA_TEST_SET=new\nDAGMA_TEST_B=added' })
    const marker = JSON.stringify([join(folder, '.env'), 'DAGMA_TEST_A', 'DAGMA_TEST_GONE'])
    const inherited = { DAGMA_TEST_A: 'old', DAGMA_TEST_GONE: 'old', DAGMA_TEST_SET: 'outside', DAGMA_TEST_B: undefined }
    setEnvironment({ ...inherited, DAGMA_DOTENV: marker })
    loadDotenv(folder)
    expect(process.env).toMatchObject({ DAGMA_TEST_A: 'new', DAGMA_TEST_SET: 'outside', DAGMA_TEST_B: 'added' })
    expect(process.env.DAGMA_TEST_GONE).toBeUndefined()
    setEnvironment({ ...inherited, DAGMA_DOTENV: marker })
    loadDotenv(temporaryFolder({ '.env': 'DAGMA_TEST_A=other' }))
    expect(process.env).toMatchObject({ DAGMA_TEST_A: 'old', DAGMA_TEST_GONE: 'old' })
  })

  test('no file is fine', () => expect(() => loadDotenv(temporaryFolder())).not.toThrow())

  test.each<[string, (file: string) => unknown]>([
    ['is a folder', (file) => mkdirSync(file)],
    ['is not a regular file', (file) => execFileSync('mkfifo', [file])],
    ['cannot be read (ELOOP)', (file) => symlinkSync('.env', file)],
    ['is not encoded in UTF-8', (file) => writeFileSync(file, Buffer.from('A=Z\xfcrich', 'latin1'))],
    ['sets "A", which the system does not take', (file) => writeFileSync(file, 'A=x\0y')],
    ['sets "A=B", which the system does not take', (file) => writeFileSync(file, "'A=B'=1")],
  ])('one that %s is one coded error', async (reason, make) => {
    const folder = temporaryFolder()
    make(join(folder, '.env'))
    const error = await thrownBy(() => loadDotenv(folder))
    expect(error).toMatchObject({ code: 'DAGMA_ENV_FILE_INVALID', kind: 'definition', problem: `${folder}/.env ${reason}.` })
  })

  test.skipIf(process.getuid?.() === 0)('one that may not be read is one coded error', async () => {
    const folder = temporaryFolder({ '.env': 'A=1' })
    chmodSync(join(folder, '.env'), 0o000)
    expect(await thrownBy(() => loadDotenv(folder))).toMatchObject({ problem: `${folder}/.env cannot be read (EACCES).` })
  })
})
