import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { atTerminal, plain, screenOf } from './terminal.ts'

const PROMPT = { see: 'millrace> ' } as const
const root = mkdtempSync(join(tmpdir(), 'millrace-tail-'))
let work = ''
let n = 0
beforeEach(() => {
  work = join(root, String(++n))
  mkdirSync(join(work, 'in'), { recursive: true })
  writeFileSync(
    join(work, 'in', '1.json'),
    '{"ts":"2024-01-01T00:00:01","word":"owl"}\n{"ts":"2024-01-01T00:00:02","word":"cat"}\n',
  )
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const created = (): { readonly send: string } => ({
  send: `CREATE TABLE words (ts TIMESTAMP, word STRING) USING json OPTIONS (path '${work}/in');\n`,
})
const more = (name: string, ...words: string[]): { readonly file: string; readonly text: string } => ({
  file: join(work, 'in', name),
  text: words.map((word, i) => `${JSON.stringify({ ts: `2024-01-01T00:01:0${i}`, word })}\n`).join(''),
})

describe('SELECT … FROM STREAM', () => {
  test('rows scroll by as they come; Ctrl-C ends the tail only, a second one leaves', async () => {
    const { seen, exit } = await atTerminal(
      [
        PROMPT,
        created(),
        { see: 'ok' },
        PROMPT,
        { send: 'SELECT word FROM STREAM words;\n' },
        { see: 'cat' },
        { see: 'batch 0 · 2 rows in · ' },
        more('2.json', 'hen'),
        { see: '│ hen' },
        { see: 'batch 1 · 1 row in · ' },
        { send: '\x03' },
        { see: 'stopped' },
        PROMPT,
        { send: 'SELECT count(*) AS n FROM words;\n' },
        { see: '│   3 │' },
        PROMPT,
        { send: 'SELECT word FROM STREAM words;\n' },
        { see: 'hen' },
        { send: '\x03' },
        { see: 'stopped' },
        PROMPT,
        { send: '\x03' },
      ],
      { env: { TZ: 'UTC' } },
    )
    expect(plain(seen[3]!)).toContain('┌──────┐\n│ word │\n├──────┤\n│ owl  │')
    expect(exit).toBe(0)
  })

  test('an aggregate is drawn again in place', async () => {
    const { output } = await atTerminal([
      PROMPT,
      created(),
      { see: 'ok' },
      PROMPT,
      { send: 'SELECT word, count(*) AS n FROM STREAM words GROUP BY word ORDER BY word;\n' },
      { see: 'batch 0 · ' },
      more('2.json', 'owl', 'bee', 'owl'),
      { see: 'batch 1 · ' },
      { send: '\x03' },
      { see: 'stopped' },
      PROMPT,
      { send: '.quit\n' },
    ])
    const screen = screenOf(output)
    const [, table = ''] = screen.split('ORDER BY word;\n')
    expect(table.split('\n').slice(0, 7)).toEqual([
      '┌──────┬─────┐',
      '│ word │   n │',
      '├──────┼─────┤',
      '│ bee  │   1 │',
      '│ cat  │   1 │',
      '│ owl  │   3 │',
      '└──────┴─────┘',
    ])
    expect(screen.match(/┌/g)).toHaveLength(1)
    expect(screen).not.toContain('batch 0')
  })

  test('the status line names the watermark', async () => {
    const { seen } = await atTerminal([
      PROMPT,
      created(),
      { see: 'ok' },
      PROMPT,
      { send: 'SET spark.sql.session.timeZone = UTC;\n' },
      { see: '(1 row)' },
      PROMPT,
      {
        send: "SELECT window.start AS minute, count(*) AS n FROM STREAM words WATERMARK ts DELAY OF INTERVAL 1 SECOND GROUP BY window(ts, '1 minute');\n",
      },
      { see: 'watermark 2024-01-01T00:00:01.000Z' },
      { send: '\x03' },
      { see: 'stopped' },
      PROMPT,
      { send: '.quit\n' },
    ])
    expect(seen.join('')).toContain('rows/s')
  })

  test('a table wider and longer than the terminal is cut, and what is missing is counted', async () => {
    const { output } = await atTerminal(
      [
        PROMPT,
        created(),
        { see: 'ok' },
        PROMPT,
        more('2.json', ...Array.from({ length: 9 }, (_, i) => `word-${i}`)),
        { send: "SELECT word, repeat('x', 80) AS wide, count(*) AS n FROM STREAM words GROUP BY word;\n" },
        { see: '… 8 more rows' },
        { send: '\x03' },
        { see: 'stopped' },
        PROMPT,
        { send: '.quit\n' },
      ],
      { rows: 10, columns: 40 },
    )
    expect(screenOf(output)).toMatch(/^│ word-\d │ x+…$/m)
  })

  test('a fault of the query is shown, and the prompt comes back', async () => {
    const { seen } = await atTerminal([
      PROMPT,
      created(),
      { see: 'ok' },
      PROMPT,
      { send: 'SELECT CAST(word AS INT) AS n FROM STREAM words;\n' },
      { see: 'CAST_INVALID_INPUT' },
      PROMPT,
      { send: '.quit\n' },
    ])
    expect(seen.join('')).toContain('owl')
  })

  test('a tail keeps nothing, also where checkpoints have a place', async () => {
    const checkpoints = join(work, 'checkpoints')
    await atTerminal(
      [
        PROMPT,
        created(),
        { see: 'ok' },
        PROMPT,
        { send: 'SELECT word FROM STREAM words;\n' },
        { see: 'batch 0' },
        { send: '\x03' },
        { see: 'stopped' },
        PROMPT,
        { send: '.quit\n' },
      ],
      { args: ['--conf', `spark.sql.streaming.checkpointLocation=${checkpoints}`] },
    )
    expect(existsSync(checkpoints)).toBe(false)
  })
})
