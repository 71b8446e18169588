import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { millrace, MillraceSession } from '../../src/index.ts'
import { batchRows, drain, expectError, failure, InputDir, outputRows, tempDir } from './fixtures.ts'

const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })
const SCHEMA = 'id INT, name STRING'
const rows = (from: number, n: number) => Array.from({ length: n }, (_, i) => ({ id: from + i, name: `n${from + i}` }))
const stream = (dir: string) => session.readStream.schema(SCHEMA).option('maxFilesPerTrigger', 1).json(dir)
const expected = (dir: string) => batchRows(session.read.schema(SCHEMA).json(dir))

const CORRUPT: readonly (readonly [what: string, line: string, mended: string])[] = [
  ['cut off', '{"id": 7, "na', '{"id": 7, "name": "seven"}'],
  ['not JSON', 'hello world', '{"id": 7, "name": "a rather long name, so that the file grows by more than a line"}'],
  [
    'of another type',
    '{"id": "seven hundred and seventy-seven, spelled out at length", "name": "x"}',
    '{"id": 777, "name": "y"}',
  ],
  ['too large for the type', '{"id": 99999999999, "name": "x"}', '{"id": 9, "name": "x"}'],
]

test.each(CORRUPT)(
  'a line that is %s ends the query with file, line and text; mended, not a row is lost',
  async (_, line, mended) => {
    const work = tempDir()
    const input = new InputDir(work)
    input.write(rows(0, 5))
    const before = rows(10, 4)
      .map((r) => `${JSON.stringify(r)}\n`)
      .join('')
    const behind = rows(20, 3)
      .map((r) => `${JSON.stringify(r)}\n`)
      .join('')
    const file = input.write(`${before}${line}\n${behind}`)
    input.write(rows(30, 5))
    const error = await failure(() => drain(stream(input.dir), work))
    expectError(error, {
      kind: 'ExecutionError',
      code: 'MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION',
      names: [file, 'line 5', line, 'FAILFAST'],
    })
    expect(outputRows(work)).toHaveLength(5)
    // Started again with the fault still there it fails again, and writes nothing twice.
    expect((await failure(() => drain(stream(input.dir), work))).code).toBe(error.code)
    expect(outputRows(work)).toHaveLength(5)

    writeFileSync(file, `${before}${mended}\n${behind}`)
    await drain(stream(input.dir), work)
    expect(outputRows(work)).toEqual(await expected(input.dir))
    expect(outputRows(work)).toHaveLength(5 + 8 + 5)
  },
)

test('a corrupt line in another mode: left out, or NULLs', async () => {
  for (const [mode, left] of [
    ['DROPMALFORMED', []],
    ['PERMISSIVE', ['{}']],
  ] as const) {
    const work = tempDir()
    const input = new InputDir(work)
    input.write(`${JSON.stringify({ id: 1 })}\nnot json\n${JSON.stringify({ id: 2 })}\n`)
    await drain(session.readStream.schema(SCHEMA).option('mode', mode).json(input.dir), work)
    expect(outputRows(work)).toEqual(['{"id":1}', '{"id":2}', ...left])
  }
})

test('a query that failed on a corrupt line goes on when the mode is changed instead', async () => {
  const work = tempDir()
  const input = new InputDir(work)
  input.write(rows(0, 2))
  input.write('{"id": 1\n{"id":5,"name":"n5"}\n')
  expect((await failure(() => drain(stream(input.dir), work))).code).toContain('MALFORMED_RECORD')
  await drain(
    session.readStream.schema(SCHEMA).option('maxFilesPerTrigger', 1).option('mode', 'DROPMALFORMED').json(input.dir),
    work,
  )
  expect(outputRows(work)).toEqual(['{"id":0,"name":"n0"}', '{"id":1,"name":"n1"}', '{"id":5,"name":"n5"}'])
})

test('a file that a batch is to read and that is gone is named; put back, the batch runs', async () => {
  const work = tempDir()
  const input = new InputDir(work)
  input.write(rows(0, 3))
  const file = input.write(rows(3, 3))
  const away = join(work, basename(file))
  let crashed = false
  const crashing = new MillraceSession(
    { 'spark.sql.session.timeZone': 'UTC' },
    {
      crash: (point, batchId) => {
        if (crashed || point !== 'after-offsets' || batchId !== 1) return
        crashed = true
        renameSync(file, away)
      },
    },
  )
  const df = crashing.readStream.schema(SCHEMA).option('maxFilesPerTrigger', 1).json(input.dir)
  expectError(await failure(() => drain(df, work)), {
    kind: 'ExecutionError',
    code: 'FAILED_READ_FILE.FILE_NOT_EXIST',
    names: [file],
  })
  expectError(await failure(() => drain(df, work)), {
    kind: 'ExecutionError',
    code: 'FAILED_READ_FILE.FILE_NOT_EXIST',
    names: [file],
  })
  // Something that cannot be read in its place.
  mkdirSync(file)
  expectError(await failure(() => drain(df, work)), {
    kind: 'ExecutionError',
    code: 'FAILED_READ_FILE.NO_HINT',
    names: [file],
  })
  rmSync(file, { recursive: true })
  expect(outputRows(work)).toHaveLength(3)
  renameSync(away, file)
  await drain(df, work)
  expect(outputRows(work)).toEqual(await expected(input.dir))
})

test('a directory that vanishes under a running query is named; back again, the query goes on', async () => {
  const work = tempDir()
  const input = new InputDir(work)
  input.write(rows(0, 3))
  await drain(stream(input.dir), work)
  input.write(rows(3, 3))
  const df = stream(input.dir)
  renameSync(input.dir, `${input.dir}.away`)
  expectError(await failure(() => drain(df, work)), {
    kind: 'ExecutionError',
    code: 'FAILED_READ_FILE.NO_HINT',
    names: [input.dir],
  })
  renameSync(`${input.dir}.away`, input.dir)
  await drain(df, work)
  expect(outputRows(work)).toEqual(await expected(input.dir))
})

test('a sink directory that cannot be one', async () => {
  const work = tempDir()
  const input = new InputDir(work)
  input.write(rows(0, 3))
  writeFileSync(join(work, 'output'), 'a file')
  expectError(await failure(() => drain(stream(input.dir), work)), {
    kind: 'ExecutionError',
    code: 'TASK_WRITE_FAILED',
    names: [join(work, 'output')],
  })
  expect(readFileSync(join(work, 'output'), 'utf8')).toBe('a file')
  rmSync(join(work, 'output'))
  await drain(stream(input.dir), work)
  expect(outputRows(work)).toEqual(await expected(input.dir))
})

test('no space left for the sink: named with what to do, nothing committed, and after that the right rows', async () => {
  const work = tempDir()
  const input = new InputDir(work)
  input.write(rows(0, 3))
  await drain(stream(input.dir), work)
  const query = await stream(input.dir)
    .writeStream.queryName('full')
    .option('checkpointLocation', join(work, 'checkpoint'))
    .format('json')
    .start(join(work, 'output'))
  await query.processAllAvailable()
  // The file of the next batch is written through to a device that is always full.
  symlinkSync('/dev/full', join(work, 'output', '.part-00001-0.json.tmp'))
  input.write(rows(3, 3))
  const error = await failure(() => query.awaitTermination({ timeout: 20_000 }))
  expectError(error, {
    kind: 'ExecutionError',
    code: 'TASK_WRITE_FAILED',
    names: [join(work, 'output'), 'ENOSPC', 'disk is full'],
  })
  expect(query.exception()).toBe(error)
  expect(query.lastProgress).toBeNull()
  expect(outputRows(work)).toHaveLength(3)
  await drain(stream(input.dir), work)
  expect(outputRows(work)).toEqual(await expected(input.dir))
})
