import { readdirSync, readFileSync } from 'node:fs'
import { KEYWORDS } from '../../grammar/keywords.ts'
import { scan } from '../../grammar/tokens.ts'
import { pick } from '../expr/random-values.ts'

/** Texts that are nearly SQL: recorded statements damaged, the grammar's words in any order, and deep nesting. */

/** Every recorded statement and query, read from a copy of the recorded cases. */
export function recordedStatements(folder: URL): string[] {
  const read = <T>(name: string): T[] => {
    const at = new URL(`${name}/`, folder)
    return readdirSync(at)
      .filter((f) => f.endsWith('.json'))
      .map((f) => JSON.parse(readFileSync(new URL(f, at), 'utf8')) as T)
  }
  const cases = read<{ setup: string[]; cases: { sql: string }[] }>('sql')
  const scenarios = read<{ query: string; views?: { sql?: string }[] }>('scenarios')
  return [
    ...cases.flatMap((g) => [...g.setup, ...g.cases.map((c) => c.sql)]),
    ...scenarios.flatMap((s) => [s.query, ...(s.views ?? []).map((v) => v.sql)]).filter((q) => q !== undefined),
  ]
}

// prettier-ignore
const ODD = [
  "'", '"', '`', '(', ')', '[', ']', '<', '>', '*', '/', '-', ';', ':', ',', '.', '|', '&', '§', '\\', '/*', '*/', '--', '|>', '->',
  '=>', '::', '$$', '\0', '\uD83D', '\uDE00', '😀', 'é', '\u200B', '\uFEFF', '\u2028', '\u00A0', 'İ', '\r', '\t', '9'.repeat(60), '1e999', '0x', "X'1'",
  "r'", '?', ':x', '@', '#', '{', '}', '!', '~', '^', '%', '<=>', '!=', '==', "''", '""', '1.', '.5', '1e', '1L', '1BD', 'e\u0301',
] as const

const piecesOf = (sql: string): string[] => sql.match(/\w+|\s+|[^\w\s]/gu) ?? []

/** Makes texts from recorded statements; the same numbers give the same texts. */
export class StatementMaker {
  readonly #corpus: readonly string[]
  readonly #words: readonly string[]
  readonly #random: () => number

  constructor(corpus: readonly string[], random: () => number) {
    this.#corpus = corpus
    this.#random = random
    const seen = new Set<string>(KEYWORDS)
    for (const sql of corpus) for (const t of scan(sql)) if (t.image.length < 40) seen.add(t.image)
    this.#words = [...seen]
  }

  /** Three of four are a damaged statement, the rest words in a row. */
  next(): string {
    return this.#random() < 0.75 ? this.damaged() : this.wordsInARow()
  }

  /** A recorded statement with one to four damages. */
  damaged(): string {
    let sql = pick(this.#random, this.#corpus)
    for (let n = 1 + this.#below(this.#random() < 0.6 ? 1 : 4); n > 0; n--) sql = this.#damage(sql)
    return sql
  }

  /** Words of the grammar and the corpus; half of them behind SELECT, so that more of them read. */
  wordsInARow(): string {
    const words = Array.from({ length: 1 + this.#below(25) }, () => pick(this.#random, this.#words))
    return `${this.#random() < 0.5 ? 'SELECT ' : ''}${words.join(this.#random() < 0.9 ? ' ' : '')}`
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n)
  }

  /** Words or characters dropped, doubled, swapped, taken from another statement, cut off, spliced, or of another case. */
  #damage(sql: string): string {
    const pieces = piecesOf(sql)
    const at = this.#below(pieces.length)
    const other = this.#below(pieces.length)
    const donor = piecesOf(pick(this.#random, this.#corpus))
    const word = pick(this.#random, donor)
    switch (this.#below(12)) {
      case 0:
        pieces.splice(at, 1 + this.#below(3))
        break
      case 1:
        pieces.splice(at, 0, pieces[at] ?? '', ' ')
        break
      case 2:
        ;[pieces[at], pieces[other]] = [pieces[other] ?? '', pieces[at] ?? '']
        break
      case 3:
        pieces.splice(at, 0, ' ', word, ' ')
        break
      case 4:
        pieces[at] = word
        break
      case 5:
        pieces.splice(at, 0, pick(this.#random, ODD))
        break
      case 6:
        return sql.slice(0, this.#below(sql.length + 1))
      case 7:
        return [...pieces.slice(0, at), ' ', ...donor.slice(this.#below(donor.length))].join('')
      case 8:
        return sql.replaceAll("'", pick(this.#random, ['"', '`', '', "''", "\\'"]))
      case 9:
        pieces.splice(at, 0, ...pieces.slice(Math.min(at, other), Math.max(at, other)))
        break
      case 10:
        pieces[at] = pick(this.#random, this.#words)
        break
      default: {
        const unit = String.fromCharCode(this.#below(0x10000))
        const i = this.#below(sql.length + 1)
        return sql.slice(0, i) + unit + sql.slice(i)
      }
    }
    return pieces.join('')
  }
}

const nest = (open: string, inner: string, close: string, n: number): string => open.repeat(n) + inner + close.repeat(n)

/** Every construct that may stand within itself, or in a row, so many times. */
export const DEEP: Readonly<Record<string, (n: number) => string>> = {
  brackets: (n) => `SELECT ${nest('(', '1', ')', n)}`,
  'open brackets': (n) => `SELECT ${'('.repeat(n)}`,
  'closed brackets': (n) => `SELECT 1${')'.repeat(n)}`,
  NOT: (n) => `SELECT ${'NOT '.repeat(n)}true`,
  minus: (n) => `SELECT ${'- '.repeat(n)}1`,
  '~': (n) => `SELECT ${'~'.repeat(n)}1`,
  CASE: (n) => `SELECT ${nest('CASE WHEN true THEN ', '1', ' END', n)}`,
  'ELSE CASE': (n) => `SELECT ${nest('CASE WHEN a = 1 THEN 1 ELSE ', '1', ' END', n)} FROM t`,
  WHEN: (n) => `SELECT CASE ${'WHEN a = 1 THEN 2 '.repeat(n)}END FROM t`,
  'derived tables': (n) => `SELECT * FROM ${nest('(SELECT * FROM ', 't', ')', n)}`,
  'scalar subqueries': (n) => `SELECT ${nest('(SELECT ', '1', ')', n)}`,
  EXISTS: (n) => `SELECT 1 WHERE ${nest('EXISTS (SELECT 1 WHERE ', 'true', ')', n)}`,
  IN: (n) => `SELECT 1 WHERE ${nest('1 IN (SELECT 1 WHERE ', 'true', ')', n)}`,
  'IN list': (n) => `SELECT a IN (${'1, '.repeat(n)}1) FROM t`,
  calls: (n) => `SELECT ${nest('abs(', '1', ')', n)}`,
  array: (n) => `SELECT ${nest('array(', '1', ')', n)}`,
  struct: (n) => `SELECT ${nest("named_struct('a', ", '1', ')', n)}`,
  subscripts: (n) => `SELECT array(1)${'[0]'.repeat(n)}`,
  fields: (n) => `SELECT a${'.b'.repeat(n)} FROM t`,
  lambdas: (n) => `SELECT ${nest('transform(array(1), x -> ', 'x', ')', n)}`,
  'lambdas of lambdas': (n) => `SELECT transform(array(1), ${'x -> '.repeat(n)}1)`,
  'UNION ALL': (n) => `SELECT 1${' UNION ALL SELECT 1'.repeat(n)}`,
  EXCEPT: (n) => `SELECT 1${' EXCEPT SELECT 1'.repeat(n)}`,
  'bracketed UNION': (n) => `${nest('(SELECT 1 UNION ', 'SELECT 1', ')', n)}`,
  joins: (n) => `SELECT 1 FROM t${' JOIN t ON true'.repeat(n)}`,
  'bracketed joins': (n) => `SELECT 1 FROM ${nest('(t JOIN ', 't', ')', n)}`,
  'comma joins': (n) => `SELECT 1 FROM t${', t'.repeat(n)}`,
  pipes: (n) => `FROM t${' |> WHERE true'.repeat(n)}`,
  'pipes of SELECT': (n) => `FROM t${' |> SELECT *'.repeat(n)}`,
  AND: (n) => `SELECT * FROM t WHERE ${'a = 1 AND '.repeat(n)}true`,
  OR: (n) => `SELECT * FROM t WHERE ${'a = 1 OR '.repeat(n)}true`,
  'AND OR': (n) => `SELECT * FROM t WHERE ${'a = 1 AND b = 2 OR '.repeat(n)}true`,
  plus: (n) => `SELECT ${'a + '.repeat(n)}1 FROM t`,
  '||': (n) => `SELECT ${"'a' || ".repeat(n)}'b'`,
  casts: (n) => `SELECT 1${'::INT'.repeat(n)}`,
  'select list': (n) => `SELECT ${'a, '.repeat(n)}1 FROM t`,
  arguments: (n) => `SELECT concat(${'1, '.repeat(n)}1)`,
  VALUES: (n) => `SELECT * FROM VALUES ${'(1), '.repeat(n)}(1)`,
  'nested WITH': (n) => `${nest('WITH a AS (', 'SELECT 1', ') SELECT * FROM a', n)}`,
  'chained WITH': (n) =>
    `WITH ${Array.from({ length: n }, (_, i) => `c${i} AS (SELECT * FROM ${i === 0 ? 't' : `c${i - 1}`})`).join(', ')} SELECT * FROM c${n - 1}`,
  'doubling WITH': (n) =>
    `WITH ${Array.from({ length: n }, (_, i) => `c${i} AS (SELECT x.* FROM ${i === 0 ? 't x, t y' : `c${i - 1} x, c${i - 1} y`})`).join(', ')} SELECT * FROM c${n - 1}`,
  'doubling SET': (n) => `FROM t${' |> SET a = a + a'.repeat(n)}`,
  'pipes of EXTEND': (n) => `FROM t${Array.from({ length: n }, (_, i) => ` |> EXTEND a + ${i} AS x${i}`).join('')}`,
  'array types': (n) => `SELECT CAST(NULL AS ${nest('ARRAY<', 'INT', '>', n)})`,
  'struct types': (n) => `SELECT CAST(NULL AS ${nest('STRUCT<a: ', 'INT', '>', n)})`,
  'nested comments': (n) => `SELECT 1 ${nest('/* ', '', ' */', n)}`,
  'open comments': (n) => `SELECT 1 ${'/* '.repeat(n)}`,
  EXPLAIN: (n) => `${'EXPLAIN '.repeat(n)}SELECT 1`,
  'LATERAL VIEW': (n) =>
    `SELECT 1 FROM t${Array.from({ length: n }, (_, i) => ` LATERAL VIEW explode(array(1)) x${i} AS y${i}`).join('')}`,
  OVER: (n) => `SELECT ${nest('sum(', 'a', ') OVER ()', n)} FROM t`,
  'GROUPING SETS': (n) => `SELECT 1 FROM t GROUP BY ${nest('GROUPING SETS (', 'a', ')', n)}`,
  CUBE: (n) => `SELECT 1 FROM t GROUP BY CUBE (${'a, '.repeat(n)}b)`,
  'strings in a row': (n) => `SELECT ${"'a' ".repeat(n)}`,
  interval: (n) => `SELECT INTERVAL ${'1 DAY '.repeat(n)}`,
  name: (n) => `SELECT ${'a'.repeat(n)} FROM t`,
  digits: (n) => `SELECT ${'9'.repeat(n)}`,
  quotes: (n) => "'".repeat(n),
  backquotes: (n) => '`'.repeat(n),
  semicolons: (n) => `SELECT 1${';'.repeat(n)}`,
  hints: (n) => `SELECT ${'/*+ x */ '.repeat(n)}1`,
  parameters: (n) => `SELECT ${'?, '.repeat(n)}1`,
}
