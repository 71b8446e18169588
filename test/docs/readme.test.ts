import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const pages = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.md'))
    .map((f) => join('docs', f)),
]
const read = (page: string): string => readFileSync(join(root, page), 'utf8')

test('relative links of every page lead somewhere', () => {
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
      .map((m) => m[1]!)
      .filter((to) => !existsSync(join(root, dirname(page), to)))
      .map((to) => `${page} → ${to}`),
  )
  expect(broken).toEqual([])
})

test('every npm script a page names exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> }
  const missing = pages.flatMap((page) =>
    [...read(page).matchAll(/npm run ([\w:-]+)/g)]
      .map((m) => m[1]!)
      .filter((name) => !(name in scripts))
      .map((name) => `${page}: ${name}`),
  )
  expect(missing).toEqual([])
})

test('the TypeScript of the README compiles as it stands', () => {
  const blocks = [...read('README.md').matchAll(/```ts\n([\s\S]*?)```/g)].map((m) => m[1]!)
  expect(blocks.length).toBeGreaterThan(0)
  const dir = mkdtempSync(join(root, 'test/docs/tmp-'))
  try {
    // One module, as a reader would type it: later blocks go on from the first.
    const text = blocks.join('\n').replaceAll("from 'millrace'", "from '../../../src/index.ts'")
    writeFileSync(join(dir, 'readme.ts'), `${text}\nexport {}\n`)
    writeFileSync(
      join(dir, 'tsconfig.json'),
      JSON.stringify({
        extends: '../../../tsconfig.json',
        compilerOptions: { rootDir: '../../..', noUnusedLocals: false },
        include: ['readme.ts'],
      }),
    )
    const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['--noEmit', '-p', join(dir, 'tsconfig.json')], {
      encoding: 'utf8',
    })
    expect(stdout).toBe('')
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})
