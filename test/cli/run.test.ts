import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { command } from './command.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-run-'))
let work = ''
let n = 0
beforeEach(() => {
  work = join(root, String(++n))
  for (const dir of ['in', 'out']) mkdirSync(join(work, dir), { recursive: true })
  put('1.json', 0, 5)
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function put(name: string, from: number, to: number): void {
  const lines = Array.from({ length: to - from }, (_, i) => `{"id":${from + i}}\n`).join('')
  writeFileSync(join(work, `.${name}`), lines)
  renameSync(join(work, `.${name}`), join(work, 'in', name))
}

function script(...statements: string[]): string {
  const file = join(work, 'job.sql')
  writeFileSync(file, statements.map((s) => `${s};\n`).join(''))
  return file
}

const SOURCE = (): string => `CREATE TABLE events (id INT) USING json OPTIONS (path '${work}/in')`
const SINK = (): string => `CREATE TABLE copies (id INT) USING json OPTIONS (path '${work}/out')`
const COPY = (...more: string[]): string =>
  `INSERT INTO copies SELECT id FROM STREAM events WITH (${["queryName = 'copy'", `checkpointLocation = '${work}/checkpoint'`, ...more].join(', ')})`

const written = (): number[] =>
  readdirSync(join(work, 'out'))
    .filter((f) => f.endsWith('.json') && !f.startsWith('.'))
    .flatMap((f) =>
      readFileSync(join(work, 'out', f), 'utf8')
        .trim()
        .split('\n'),
    )
    .filter((l) => l !== '')
    .map((l) => (JSON.parse(l) as { id: number }).id)
    .sort((a, b) => a - b)

describe('millrace run', () => {
  test('stays while a query runs; SIGTERM finishes it, and a second run goes on from there', async () => {
    const file = script(SOURCE(), SINK(), COPY())
    const first = await command(['run', file], {
      meanwhile: async ({ kill, until }) => {
        await until(() => written().length === 5)
        put('2.json', 5, 8)
        await until(() => written().length === 8)
        kill('SIGTERM')
      },
    })
    expect(first.exit).toBe(0)
    expect(first.stdout).toMatch(/\| copy \|/)
    expect(first.stderr).toContain('started copy')
    put('3.json', 8, 10)
    const second = await command(['run', file, '--batch'])
    expect(second.exit).toBe(0)
    expect(written()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test('--batch takes what is there and ends; --stream goes on where the statement would end', async () => {
    const ends = script(SOURCE(), SINK(), COPY("trigger = 'availableNow'"))
    expect(await command(['run', ends])).toMatchObject({ exit: 0 })
    expect(written()).toEqual([0, 1, 2, 3, 4])
    const { exit } = await command(['run', ends, '--stream'], {
      meanwhile: async ({ kill, until }) => {
        put('2.json', 5, 7)
        await until(() => written().length === 7)
        put('3.json', 7, 9)
        await until(() => written().length === 9)
        kill('SIGINT')
      },
    })
    expect(exit).toBe(0)
  })

  test('--batch and --stream agree', async () => {
    const select = script(SOURCE(), 'SELECT id % 2 AS odd, count(*) AS n FROM STREAM events GROUP BY id % 2')
    const batch = await command(['run', select, '--batch', '--json'])
    expect(batch.exit).toBe(0)
    const rows = (text: string): string[] => text.trim().split('\n').sort()
    expect(rows(batch.stdout)).toEqual(['{"odd":0,"n":3}', '{"odd":1,"n":2}'])
    const stream = await command(['run', select, '--stream', '--json'], {
      meanwhile: async ({ kill, until }) => {
        await until(() => existsSync(join(work, 'in')))
        await new Promise((resolve) => setTimeout(resolve, 3000))
        kill('SIGTERM')
      },
    })
    expect(rows(stream.stdout)).toEqual(rows(batch.stdout))
  })

  test('prints the rows of queries in order, as tables or JSON lines', async () => {
    const file = script('SELECT 1 AS a', "SELECT 'x' AS b")
    expect((await command(['run', file])).stdout).toBe(
      '+-----+\n|   a |\n+-----+\n|   1 |\n+-----+\n+-----+\n| b   |\n+-----+\n| x   |\n+-----+\n',
    )
    expect((await command(['run', file, '--json'])).stdout).toBe('{"a":1}\n{"b":"x"}\n')
  })

  test('a query that fails ends the run with exit code 1 and says why', async () => {
    writeFileSync(join(work, 'in', '2.json'), '{"id":7}\n')
    const file = script(
      SOURCE(),
      SINK(),
      `INSERT INTO copies SELECT 1 / (id - 3) FROM STREAM events WITH (checkpointLocation = '${work}/checkpoint')`,
    )
    const { exit, stderr } = await command(['run', file, '--json'])
    expect(exit).toBe(1)
    const events = stderr
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l) as Record<string, { condition?: string }>)
    expect(events.map((e) => Object.keys(e)[0])).toContain('started')
    expect(events.find((e) => e['error'])?.['error']?.condition).toBe('DIVIDE_BY_ZERO')
  })
})

describe('a query that fails while others run', () => {
  test('ends the run, and the others finish their batch', async () => {
    const file = script(
      SOURCE(),
      SINK(),
      COPY(),
      `CREATE TABLE bad (id INT) USING json OPTIONS (path '${work}/bad')`,
      `INSERT INTO bad SELECT CAST(1 / (id - 6) AS INT) FROM STREAM events WITH (queryName = 'bad', checkpointLocation = '${work}/checkpoint-bad')`,
    )
    const { exit, stderr } = await command(['run', file], {
      meanwhile: async ({ until }) => {
        await until(() => written().length === 5)
        put('2.json', 5, 8)
      },
    })
    expect(exit).toBe(1)
    expect(stderr).toContain('[DIVIDE_BY_ZERO]')
  })

  test('in a pipe too', async () => {
    const { exit, stderr } = await command([], {
      input: `${SOURCE()};\n${SINK()};\nINSERT INTO copies SELECT CAST(1 / (id - 3) AS INT) FROM STREAM events WITH (checkpointLocation = '${work}/checkpoint');\n`,
    })
    expect(exit).toBe(1)
    expect(stderr).toContain('[DIVIDE_BY_ZERO]')
  })
})

describe('exit codes', () => {
  test('2 for a wrong command line: nothing has run', async () => {
    for (const args of [
      ['run', join(root, 'missing.sql')],
      ['run'],
      ['run', '--batch', '--stream', script('SELECT 1')],
      ['sql'],
      ['sql', '-e', 'SELECT 1', '--conf', 'nonsense'],
      ['sql', '-e', 'SELECT 1', '--conf', 'spark.sql.ansi.enabled=maybe'],
      ['--mode', 'pie'],
      ['--nonsense'],
      ['nonsense'],
    ]) {
      const { exit, stdout, stderr } = await command(args)
      expect([args, exit, stdout]).toEqual([args, 2, ''])
      expect(stderr).not.toBe('')
    }
  })

  test('1 for a statement that fails, with the carets on standard error; JSON when asked', async () => {
    const plain = await command(['sql', '-e', 'SELECT 1; SELECT a'])
    expect(plain.exit).toBe(1)
    expect(plain.stderr).toContain('1 | SELECT 1; SELECT a\n                     ^\n')
    const json = await command(['sql', '--json', '-e', 'SELECT 1 / 0 AS x'])
    expect(json.exit).toBe(1)
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { condition: 'DIVIDE_BY_ZERO', sqlState: '22012' } })
  })

  test('0 for help and version', async () => {
    expect(await command(['--version'])).toMatchObject({
      exit: 0,
      stdout: `${(JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version}\n`,
    })
    expect(await command(['--help'])).toMatchObject({ exit: 0 })
  })
})

describe('the shell in a pipe', () => {
  test('runs statements without prompt and escape codes, and stops at the first fault', async () => {
    const { exit, stdout, stderr } = await command([], {
      input: '.mode csv\nSELECT 1 AS a,\n2 AS b; SELECT 3 AS c\n;\nSELEC 4;\nSELECT 5;\n',
    })
    expect(stdout).toBe('a,b\n1,2\nc\n3\n')
    expect(stderr).toContain('did you mean SELECT?')
    expect(exit).toBe(1)
  })

  test('takes a last statement without semicolon, and --json', async () => {
    expect(await command(['--json'], { input: 'SELECT 1 AS a, NULL AS b' })).toEqual({
      exit: 0,
      stdout: '{"a":1,"b":null}\n',
      stderr: '',
    })
  })

  test('--json gives faults as JSON lines', async () => {
    const { exit, stdout, stderr } = await command(['--json'], { input: 'SELECT 1 AS a;\nSELECT b;\n' })
    expect([exit, stdout]).toEqual([1, '{"a":1}\n'])
    expect(JSON.parse(stderr)).toMatchObject({
      error: { condition: 'UNRESOLVED_COLUMN.WITHOUT_SUGGESTION', start: 7, end: 8 },
    })
  })

  test('stays while queries run, and leaves on SIGTERM', async () => {
    const { exit } = await command([], {
      input: `${SOURCE()};\n${SINK()};\n${COPY()};\n`,
      meanwhile: async ({ kill, until }) => {
        await until(() => written().length === 5)
        kill('SIGTERM')
      },
    })
    expect(exit).toBe(0)
  })

  test('a tail is plain rows', async () => {
    const { stdout, exit } = await command(['--mode', 'csv'], {
      input: `${SOURCE()};\nSELECT id FROM STREAM events;\n`,
      meanwhile: async ({ kill }) => {
        await new Promise((resolve) => setTimeout(resolve, 3000))
        kill('SIGINT')
      },
    })
    expect(stdout).toBe('id\n0\n1\n2\n3\n4\n')
    expect(exit).toBe(0)
  })
})
