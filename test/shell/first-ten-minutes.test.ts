import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { atTerminal, plain, screenOf, type Step } from './terminal.ts'

const PROMPT = { see: 'millrace> ' } as const
const work = mkdtempSync(join(tmpdir(), 'millrace-first-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))

const orders = (file: string, from: number, to: number): Step => ({
  file: join(work, 'orders', file),
  text: Array.from(
    { length: to - from },
    (_, i) => `${JSON.stringify({ id: from + i, city: ['oslo', 'rome'][(from + i) % 2], amount: (from + i) % 10 })}\n`,
  ).join(''),
})
const run = (sql: string, see: string): Step[] => [{ send: `${sql};\n` }, { see }, PROMPT]

const INSERT = `INSERT INTO totals SELECT city, count(*) AS n, sum(amount) AS total FROM STREAM orders GROUP BY city
WITH (outputMode = 'update', queryName = 'totals', checkpointLocation = '${work}/checkpoint')`
const TOTALS = 'SELECT city, n, total FROM totals ORDER BY city'
const TABLE = (oslo: string, rome: string): string =>
  [
    '┌──────┬─────┬───────┐',
    '│ city │   n │ total │',
    '├──────┼─────┼───────┤',
    oslo,
    rome,
    '└──────┴─────┴───────┘',
  ].join('\n')

/** Statements run until the answer is there: a query needs its time. */
const until = (sql: string, see: string): Step[] => [{ repeat: `${sql};\n`, until: see }, PROMPT]

const CREATE: Step[] = [
  ...run(`CREATE TABLE orders (id INT, city STRING, amount INT) USING json OPTIONS (path '${work}/orders')`, 'ok'),
  ...run(
    `CREATE TABLE totals (city STRING, n BIGINT, total BIGINT) USING sqlite OPTIONS (path '${work}/totals.db', table 'totals', key 'city')`,
    'ok',
  ),
]

test('the first ten minutes: files, a tail, a query into SQLite, stop, start again, the same numbers', async () => {
  mkdirSync(join(work, 'orders'))
  const first = await atTerminal([
    PROMPT,
    orders('1.json', 0, 100),
    ...CREATE,
    ...run('SELECT count(*) AS n FROM orders', '│ 100 │'),
    // Look at them as they come.
    { send: 'SELECT city, count(*) AS n FROM STREAM orders GROUP BY city ORDER BY city;\n' },
    { see: '│ oslo │  50 │' },
    { see: 'batch 0' },
    orders('2.json', 100, 110),
    { see: '│ oslo │  55 │' },
    { send: '\x03' },
    { see: 'stopped' },
    PROMPT,
    // Keep them.
    { send: `${INSERT};\n` },
    { see: '(1 row)' },
    PROMPT,
    ...until(TOTALS, '│ oslo │  55 │'),
    ...run('SHOW QUERIES', 'totals'),
    orders('3.json', 110, 120),
    ...until(TOTALS, '│ oslo │  60 │'),
    ...run('STOP QUERY totals', 'ok'),
    { send: 'SHOW QUERIES;\n' },
    { see: '(0 rows)' },
    PROMPT,
    // Nobody reads now.
    orders('4.json', 120, 140),
    ...run(TOTALS, '│ oslo │  60 │'),
    { send: `${INSERT};\n` },
    { see: '(1 row)' },
    PROMPT,
    ...until(TOTALS, '│ oslo │  70 │'),
    { send: `${TOTALS};\n` },
    { see: '(2 rows)' },
    PROMPT,
    { send: '.quit\n' },
  ])
  const numbers = TABLE('│ oslo │  70 │   280 │', '│ rome │  70 │   350 │')
  expect(plain(first.seen.at(-2)!)).toContain(numbers)
  expect(first.exit).toBe(0)

  // The next day, another process: the query goes on where it was, and nothing is counted twice.
  const second = await atTerminal([
    PROMPT,
    ...CREATE,
    { send: `${TOTALS};\n` },
    { see: '(2 rows)' },
    PROMPT,
    { send: `${INSERT};\n` },
    { see: '(1 row)' },
    PROMPT,
    orders('5.json', 140, 150),
    ...until(TOTALS, '│ oslo │  75 │'),
    { send: 'SELECT city, count(*) AS n, sum(amount) AS total FROM orders GROUP BY city ORDER BY city;\n' },
    { see: '(2 rows)' },
    PROMPT,
    { send: `${TOTALS};\n` },
    { see: '(2 rows)' },
    PROMPT,
    { send: '.quit\n' },
  ])
  const before = plain(second.seen.find((s) => s.includes('(2 rows)'))!)
  expect(before).toContain(numbers)
  // The query's numbers are those of a batch query over the files.
  const today = TABLE('│ oslo │  75 │   300 │', '│ rome │  75 │   375 │')
  const answers = second.seen.filter((s) => s.includes('(2 rows)')).map(plain)
  expect(answers.at(-2)).toContain(today)
  expect(answers.at(-1)).toContain(today)

  // MILLRACE_RECORD=docs/first-ten-minutes.md writes down what was on the screen.
  const record = process.env['MILLRACE_RECORD']
  if (record !== undefined) {
    const shown = (output: string): string => screenOf(output).replaceAll(work, '/data')
    const told = [
      '# The first ten minutes',
      'Recorded at a pseudo-terminal by test/shell/first-ten-minutes.test.ts.',
      'Files come into `/data/orders` meanwhile.',
    ]
    const parts = [first, second].map(({ output }) => `\`\`\`\n${shown(output).trimEnd()}\n\`\`\``)
    writeFileSync(
      record,
      `${told[0]}\n\n${told[1]} ${told[2]}\n\n${parts[0]}\n\nThe next day, another process:\n\n${parts[1]}\n`,
    )
  }
})
