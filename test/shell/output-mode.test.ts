import { describe, expect, test } from 'vitest'
import { millrace } from '../../src/index.ts'
import { cellMaker, type OutputMode, outputModeOf, resultWriter } from '../../src/shell/output-mode.ts'
import { cut, statusText } from '../../src/shell/tail-view.ts'

async function shown(mode: OutputMode, sql: string): Promise<string> {
  const df = millrace({ 'spark.sql.session.timeZone': 'UTC' }).sql(sql)
  const rows = (await df.batches()).flatMap(cellMaker(df.schema, mode, 'UTC'))
  const writer = resultWriter(df.schema, mode, rows)
  return writer.head() + writer.rows(rows) + writer.foot()
}

const SQL =
  "SELECT * FROM VALUES (1, 'a|b', NULL), (20, '', 'say \"hi\"'), (3, '日本', 'x\\ny\\u001b[31m') AS t(n, `left col`, c)"

describe('output modes', () => {
  test('box: numbers to the right, wide characters count twice, control characters are spelled out', async () => {
    expect(await shown('box', SQL)).toBe(
      [
        '┌─────┬──────────┬─────────────┐',
        '│   n │ left col │ c           │',
        '├─────┼──────────┼─────────────┤',
        '│   1 │ a|b      │ NULL        │',
        '│  20 │          │ say "hi"    │',
        '│   3 │ 日本     │ x\\ny\\x1b[31m │',
        '└─────┴──────────┴─────────────┘',
        '',
      ]
        .join('\n')
        .replaceAll('─────────────', '──────────────')
        .replace('│ c           │', '│ c            │')
        .replace('│ NULL        │', '│ NULL         │')
        .replace('│ say "hi"    │', '│ say "hi"     │'),
    )
  })

  test('csv: RFC 4180; NULL is nothing, the empty string is ""', async () => {
    expect(await shown('csv', SQL)).toBe('n,left col,c\n1,a|b,\n20,"","say ""hi"""\n3,日本,"x\ny\x1b[31m"\n')
  })

  test('json: one object per row', async () => {
    expect(await shown('json', 'SELECT 1L AS a, 9007199254740993 AS b, array(1.50) AS c, NULL AS d')).toBe(
      '{"a":1,"b":"9007199254740993","c":["1.50"],"d":null}\n',
    )
  })

  test('line and markdown', async () => {
    expect(await shown('line', "SELECT 1 AS a, 'x' AS name UNION ALL SELECT 2, 'y'")).toBe(
      '   a = 1\nname = x\n\n   a = 2\nname = y\n',
    )
    expect(await shown('markdown', "SELECT 1 AS a, 'x|y' AS name")).toBe(
      '|   a | name |\n|----:|------|\n|   1 | x\\|y |\n',
    )
  })

  test('a mode that is none is refused', () => {
    expect(() => outputModeOf('pie')).toThrow(expect.objectContaining({ code: 'UNKNOWN_OUTPUT_FORMAT' }) as Error)
    expect(outputModeOf('CSV')).toBe('csv')
  })
})

test('a line is cut by the columns it takes', () => {
  expect(cut('abcdef', 6)).toBe('abcdef')
  expect(cut('abcdef', 4)).toBe('abc…')
  expect(cut('日本語', 4)).toBe('日…')
})

test('the status line before the first batch', () => {
  expect(statusText(null, 61_000)).toBe('waiting for the first batch · 61 s · Ctrl-C stops')
})
