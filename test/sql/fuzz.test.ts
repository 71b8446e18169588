import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { MillraceError } from '../../src/errors/errors.ts'
import { parseStatement, parseStatements } from '../../src/sql/parse.ts'
import { printStatement } from '../../src/sql/print.ts'

const seed = Number(process.env['SQL_FUZZ_SEED'] ?? 20260101)
const rounds = Number(process.env['SQL_FUZZ_ROUNDS'] ?? 400)

function randomFrom(start: number): () => number {
  let state = start >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const folder = new URL('../../conformance/data/sql/', import.meta.url)
const corpus: string[] = readdirSync(folder)
  .filter((f) => f.endsWith('.json'))
  .flatMap((f) => {
    const group = JSON.parse(readFileSync(new URL(f, folder), 'utf8')) as { setup: string[]; cases: { sql: string }[] }
    return [...group.setup, ...group.cases.map((c) => c.sql)]
  })

const withoutSpans = (tree: unknown): unknown =>
  JSON.parse(JSON.stringify(tree, (key, value: unknown) => (key === 'at' || key === 'quoted' ? undefined : value)))

/** One small damage: words or characters dropped, doubled, swapped, or taken from another statement. */
function damage(sql: string, random: () => number): string {
  const pieces = sql.match(/\w+|\s+|[^\w\s]/g) ?? []
  const pick = (n: number): number => Math.floor(random() * n)
  const at = pick(pieces.length)
  const donor = corpus[pick(corpus.length)]!.match(/\w+|\s+|[^\w\s]/g) ?? ['']
  switch (pick(6)) {
    case 0:
      pieces.splice(at, 1 + pick(3))
      break
    case 1:
      pieces.splice(at, 0, pieces[at] ?? '', ' ')
      break
    case 2: {
      const other = pick(pieces.length)
      const held = pieces[at] ?? ''
      pieces[at] = pieces[other] ?? ''
      pieces[other] = held
      break
    }
    case 3:
      pieces.splice(at, 0, ' ', donor[pick(donor.length)]!, ' ')
      break
    case 4:
      pieces[at] = donor[pick(donor.length)]!
      break
    default:
      pieces.splice(at, 0, '\'"`()[]<>*/-;:,.|&§\\'[pick(20)]!)
  }
  return pieces.join('')
}

test(`damaged statements (seed ${seed}): nothing but our errors, and what reads prints back`, () => {
  const random = randomFrom(seed)
  let read = 0
  for (let i = 0; i < rounds; i++) {
    let sql = corpus[Math.floor(random() * corpus.length)]!
    for (let n = 1 + Math.floor(random() * 3); n > 0; n--) sql = damage(sql, random)
    let tree
    try {
      tree = parseStatement(sql)
    } catch (e) {
      expect(e, `${sql}\n${String((e as Error).stack)}`).toBeInstanceOf(MillraceError)
      expect((e as MillraceError).code, sql).not.toBe('INTERNAL_ERROR')
      expect(() => parseStatements(sql), sql).not.toThrow()
      continue
    }
    read++
    const printed = printStatement(tree)
    let again
    try {
      again = parseStatement(printed)
    } catch (e) {
      throw new Error(`${sql}\n→ ${printed}\n${String((e as Error).message)}`)
    }
    expect(withoutSpans(again), `${sql}\n→ ${printed}`).toEqual(withoutSpans(tree))
  }
  expect(read).toBeGreaterThan(rounds / 20)
})
