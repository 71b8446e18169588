import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { atTerminal, plain, screenOf } from './terminal.ts'

const PROMPT = { see: 'millrace> ' } as const
const work = mkdtempSync(join(tmpdir(), 'millrace-prompt-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))

describe('the prompt', () => {
  test('gathers lines until a semicolon, and prints an aligned table', async () => {
    const { seen, exit } = await atTerminal([
      PROMPT,
      { send: "SELECT id, 'x' || id AS name\n" },
      { see: '      ->  ' },
      { send: 'FROM range(9, 11);\n' },
      PROMPT,
      { send: '\x04' },
    ])
    expect(plain(seen[2]!)).toContain(
      [
        '┌─────┬──────┐',
        '│  id │ name │',
        '├─────┼──────┤',
        '│   9 │ x9   │',
        '│  10 │ x10  │',
        '└─────┴──────┘',
        '(2 rows)',
      ].join('\n'),
    )
    expect(exit).toBe(0)
  })

  test('waits for the end of a quote, and a semicolon in it does not count', async () => {
    const { seen } = await atTerminal([
      PROMPT,
      { send: "SELECT 'a;\n" },
      { see: "      '>  " },
      { send: "b' AS text;\n" },
      PROMPT,
      { send: '.quit\n' },
    ])
    expect(plain(seen[2]!)).toContain('│ a;\\nb │')
  })

  test('runs several statements of one paste in order', async () => {
    const { seen } = await atTerminal([
      PROMPT,
      { send: 'SELECT 1 AS one; SELECT 2 AS two;\nSELECT 3 AS three;\n' },
      { see: 'three' },
      { see: '(1 row)' },
      PROMPT,
      { send: '\\q\n' },
    ])
    const text = plain(seen.join(''))
    expect(text.indexOf('│ one │')).toBeGreaterThan(0)
    expect(text.indexOf('│ two │')).toBeGreaterThan(text.indexOf('│ one │'))
  })

  test('shows where a fault is, and goes on', async () => {
    const { seen, exit } = await atTerminal([
      PROMPT,
      { send: 'SELECT idd FROM range(3);\n' },
      PROMPT,
      { send: 'SELECT 7 AS n;\n' },
      PROMPT,
      { send: '.quit\n' },
    ])
    expect(plain(seen[1]!)).toContain('1 | SELECT idd FROM range(3)\n           ^^^\nhint:')
    expect(seen[2]).toContain('│   7 │')
    expect(exit).toBe(0)
  })

  test('Ctrl-C drops what is typed; on an empty line a second one leaves', async () => {
    const { seen, exit } = await atTerminal([
      PROMPT,
      { send: 'SELECT nonsense' },
      { see: 'nonsense' },
      { send: '\x03' },
      PROMPT,
      { send: 'SELECT 5 AS n;\n' },
      { see: '(1 row)' },
      PROMPT,
      { send: '\x03' },
      { see: 'Ctrl-C again leaves' },
      { send: '\x03' },
    ])
    expect(seen.join('')).not.toContain('UNRESOLVED')
    expect(exit).toBe(0)
  })

  test('Ctrl-C ends a statement that runs long', async () => {
    const { exit } = await atTerminal([
      PROMPT,
      { send: 'SELECT count(*) FROM range(100000000000);\n' },
      { see: 'count(*)' },
      { send: '\x03' },
      { see: 'stopped' },
      PROMPT,
      { send: '.quit\n' },
    ])
    expect(exit).toBe(0)
  })

  test('Ctrl-C drops what was pasted behind the statement it ends; keys typed meanwhile wait', async () => {
    const { output } = await atTerminal([
      PROMPT,
      { send: 'SELECT count(*) FROM range(100000000000); SELECT 17 AS gone;\nSELECT 18 AS gone;\n' },
      { see: 'SELECT 18' },
      { send: 'SELECT 19 AS gone;\n\x03SELECT 20 AS kept;\n' },
      { see: 'stopped' },
      { see: '│   20 │' },
      PROMPT,
      { send: '.quit\n' },
    ])
    expect(output).not.toMatch(/│ +1[789] │/)
  })

  test('completes keywords, tables, columns, functions and commands', async () => {
    const { output } = await atTerminal([
      PROMPT,
      { send: 'CREATE VIEW numbers AS SELECT id, id * 2 AS doubled FROM range(3);\n' },
      { see: 'ok' },
      PROMPT,
      { send: 'SELECT dou FROM num' },
      { send: '\t' },
      { see: 'bers' },
      // The cursor goes behind `dou`; the table that gives the column stands behind it.
      { send: '\x1b[D'.repeat(' FROM numbers'.length) },
      { send: '\t' },
      { see: 'bled' },
      { send: '\x05;\n' },
      { see: '(3 rows)' },
      PROMPT,
      { send: 'select n.d' },
      { send: '\x01\x05' },
      { send: ' from numbers as n' },
      { send: '\x1b[D'.repeat(' from numbers as n'.length) },
      { send: '\t' },
      { see: 'oubled' },
      { send: '\x05;\n' },
      { see: '(3 rows)' },
      PROMPT,
      { send: 'select array_dis' },
      { send: '\t' },
      { see: 'tinct(' },
      { send: 'array(1, 1)) as a fr' },
      { send: '\t' },
      { see: 'om' },
      { send: ' numbers;\n' },
      { see: '(3 rows)' },
      PROMPT,
      { send: '.tab' },
      { send: '\t' },
      { see: 'les' },
      { send: '\n' },
      { see: '(1 row)' },
      PROMPT,
      { send: '.quit\n' },
    ])
    expect(screenOf(output)).toContain('│ doubled │')
  })

  test('keeps statements in a history file only its owner reads, one a line', async () => {
    const file = join(work, 'history')
    const env = { MILLRACE_HISTORY: file }
    await atTerminal(
      [
        PROMPT,
        { send: 'SELECT 1 -- one\n' },
        { see: '->' },
        { send: "AS a, 'x\\\\y' AS b;\n" },
        { see: '(1 row)' },
        PROMPT,
        { send: '.quit\n' },
      ],
      { env },
    )
    expect(readFileSync(file, 'utf8')).toBe("SELECT 1 AS a, 'x\\\\\\\\y' AS b;\n.quit\n")
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const { seen } = await atTerminal(
      [
        PROMPT,
        { send: '\x1b[A' },
        { see: '.quit' },
        { send: '\x1b[A' },
        { see: 'AS b;' },
        { send: '\n' },
        { see: '(1 row)' },
        PROMPT,
        { send: '.quit\n' },
      ],
      { env },
    )
    expect(seen.join('')).toContain('x\\y')
  })

  test('the history setting wins over the environment, and off keeps none', async () => {
    const file = join(work, 'other')
    await atTerminal([PROMPT, { send: '.quit\n' }], {
      args: ['--conf', `millrace.shell.history=${file}`],
      env: { MILLRACE_HISTORY: join(work, 'not-this') },
    })
    expect(readFileSync(file, 'utf8')).toBe('.quit\n')
    expect(existsSync(join(work, 'not-this'))).toBe(false)
  })

  test('commands: mode, schema, \\d, \\df, \\x, timer, read, and a wrong one', async () => {
    const { output } = await atTerminal([
      PROMPT,
      { send: '.mode csv\n' },
      PROMPT,
      { send: "SELECT 1 AS a, 'x,y' AS b;\n" },
      { see: '1,"x,y"' },
      PROMPT,
      { send: '.mode box\n' },
      PROMPT,
      { send: "CREATE VIEW v AS SELECT 1 AS a, 'x' AS b;\n" },
      { see: 'ok' },
      PROMPT,
      { send: '.schema v\n' },
      { see: 'v(\r\n  a INT NOT NULL,\r\n  b STRING NOT NULL\r\n)' },
      PROMPT,
      { send: '\\d v\n' },
      { see: '│ a      │ INT    │ no       │' },
      PROMPT,
      { send: '\\df array_dist*\n' },
      { see: 'array_distinct' },
      { see: '(1 row)' },
      PROMPT,
      { send: '\\x\n' },
      PROMPT,
      { send: 'SELECT * FROM v;\n' },
      { see: 'a = 1\r\nb = x' },
      PROMPT,
      { send: '\\timing\n' },
      { see: 'timer: on' },
      PROMPT,
      { send: 'SELECT 1;\n' },
      { see: 'time: ' },
      PROMPT,
      { send: '.modee csv\n' },
      { see: 'did you mean .mode?' },
      PROMPT,
      { send: '.quit\n' },
    ])
    expect(output).not.toContain('INTERNAL_ERROR')
  })

  test('a query that fails in the background is told above what is typed', async () => {
    mkdirSync(join(work, 'in'))
    writeFileSync(join(work, 'in', '1.json'), '{"id":3}\n')
    const { output } = await atTerminal([
      PROMPT,
      { send: `CREATE TABLE events (id INT) USING json OPTIONS (path '${work}/in');\n` },
      { see: 'ok' },
      PROMPT,
      { send: `CREATE TABLE copies (id INT) USING json OPTIONS (path '${work}/out');\n` },
      { see: 'ok' },
      PROMPT,
      {
        send: `INSERT INTO copies SELECT CAST(1 / (id - 4) AS INT) FROM STREAM events WITH (queryName = 'broken', checkpointLocation = '${work}/checkpoint');\n`,
      },
      { see: '(1 row)' },
      PROMPT,
      { send: 'SELECT 4' },
      { file: join(work, 'in', '2.json'), text: '{"id":4}\n' },
      { see: 'query broken failed' },
      { see: 'DIVIDE_BY_ZERO' },
      { see: 'millrace> ' },
      { send: '2 AS answer;\n' },
      { see: '│     42 │' },
      PROMPT,
      { send: '.quit\n' },
    ])
    expect(output.match(/DIVIDE_BY_ZERO/g)).toHaveLength(1)
  })

  test('SIGTERM ends it in good order', async () => {
    const { exit } = await atTerminal([
      PROMPT,
      { send: 'SELECT 1 AS a;\n' },
      { see: '(1 row)' },
      PROMPT,
      { signal: 'SIGTERM' },
    ])
    expect(exit).toBe(0)
  })
})
