import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

/** docs/architecture.md, "Rooms": a room imports only rooms of lower lines; rooms of one line do not know each other. */
const LINES: readonly (readonly string[])[] = [
  ['errors', 'grammar'],
  ['types'],
  ['columns'],
  ['formats', 'storage'],
  ['functions', 'state', 'checkpoint'],
  ['expr', 'sql', 'connectors'],
  ['plan', 'operators'],
  ['planner'],
  ['parallel'],
  ['engine'],
  ['dataframe'],
  ['session'],
  ['index'],
  ['shell', 'server', 'testing', 'conform'],
  ['cli', 'examples', 'bench'],
]
const LINE = new Map(LINES.flatMap((rooms, line) => rooms.map((room) => [room, line] as const)))

/** Who may import a package. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  'apache-arrow': ['columns', 'formats'],
  'better-sqlite3': ['storage'],
  chevrotain: ['grammar'],
  luxon: ['types/time-zone.ts', 'functions/datetime'],
  commander: ['cli'],
  pg: ['connectors/postgres'],
  fzstd: ['connectors/kafka'],
}

const root = resolve(import.meta.dirname, '../..')
const files = ['grammar', 'src'].flatMap((dir) => walk(join(root, dir)))

function walk(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    if (statSync(path).isDirectory()) return walk(path)
    return path.endsWith('.ts') ? [path] : []
  })
}

/** Path below src, or below the root for grammar. */
const inside = (path: string): string => relative(root, path).replace(/^src\//, '')

function roomOf(path: string): string {
  const [first, ...rest] = inside(path).split('/')
  if (rest.length > 0) return first!
  return first === 'index.ts' ? 'index' : 'session'
}

const imports = (path: string): string[] =>
  [
    ...readFileSync(path, 'utf8').matchAll(
      /^(?:import|export)\s[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|import\('([^']+)'\)|\brequire\('([^']+)'\)/gm,
    ),
  ].map((m) => (m[1] ?? m[2] ?? m[3] ?? m[4])!)

test('a room imports only rooms below it', () => {
  const wrong: string[] = []
  for (const file of files)
    for (const target of imports(file)) {
      if (!target.startsWith('.')) continue
      const from = roomOf(file)
      const to = roomOf(resolve(dirname(file), target))
      if (from === to) continue
      const [a, b] = [LINE.get(from), LINE.get(to)]
      if (a === undefined || b === undefined || b >= a) wrong.push(`${inside(file)} → ${to}`)
    }
  expect(wrong).toEqual([])
})

test('a package is imported by its owner only', () => {
  const wrong: string[] = []
  for (const file of files)
    for (const target of imports(file)) {
      if (target.startsWith('.') || target.startsWith('node:')) continue
      const owners = OWNERS[target]
      if (!owners?.some((o) => inside(file) === o || inside(file).startsWith(`${o}/`) || roomOf(file) === o))
        wrong.push(`${inside(file)} → ${target}`)
    }
  expect(wrong).toEqual([])
})

test('errors in src are made from the code table', () => {
  const wrong = files.filter((f) => /\bnew Error\(/.test(readFileSync(f, 'utf8'))).map(inside)
  expect(wrong).toEqual([])
})

test('only engine/clock reads the wall clock', () => {
  const allowed = new Set(['engine/clock.ts', 'cli/sql.ts'])
  const wrong = files
    .filter((f) => /\bDate\.now\(\)|\bnew Date\(\)/.test(readFileSync(f, 'utf8')) && !allowed.has(inside(f)))
    .map(inside)
  expect(wrong).toEqual([])
})

test('nothing in src skips the type checker', () => {
  const wrong = files.filter((f) => /@ts-(ignore|nocheck|expect-error)/.test(readFileSync(f, 'utf8'))).map(inside)
  expect(wrong).toEqual([])
})

test('only index.ts is a barrel', () => {
  const wrong = files
    .filter((f) => /^export \* from/m.test(readFileSync(f, 'utf8')))
    .map(inside)
    .filter((f) => f !== 'index.ts')
  expect(wrong).toEqual([])
})
