import { spawn } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { CheckpointError, type DataFrame, millrace, type MillraceError, type MillraceSession } from '../../src/index.ts'
import { FORMAT_VERSION } from '../../src/checkpoint/migrations.ts'
import { openDatabase } from '../../src/storage/sqlite.ts'
import { childProgram } from '../torture/built.ts'
import type { ChildPlan } from '../torture/child.ts'
import { EventWriter, randomNumbers, SCHEMA } from '../torture/events.ts'
import { countsPerWindow } from '../torture/query.ts'
import { batchRows, drain, expectError, failure, InputDir, outputRows, tempDir } from './fixtures.ts'

/** A long form: MILLRACE_FLIPS=3000 npx vitest run test/bad-input/checkpoint.test.ts */
const FLIPS = Number(process.env['MILLRACE_FLIPS'] ?? 80)
const UTC = { 'spark.sql.session.timeZone': 'UTC' }
const session = millrace(UTC)
const numbers = (of: MillraceSession, dir: string): DataFrame =>
  of.readStream.schema('k STRING, n BIGINT').option('maxFilesPerTrigger', 1).json(dir).dropDuplicates(['k'])
const once = (dir: string): Promise<string[]> =>
  batchRows(session.read.schema('k STRING, n BIGINT').json(dir).dropDuplicates(['k']))

/** Files whose keys come again and again, so that lost state shows as rows written twice. */
function writeKeys(input: InputDir, files: number, perFile: number, from = 0): void {
  for (let f = 0; f < files; f++)
    input.write(
      Array.from({ length: perFile }, (_, i) => ({ k: `key ${(from + f) * Math.floor(perFile / 2) + i}`, n: 1 })),
    )
}

test('a checkpoint that another process holds is refused by name and process; free again, the query goes on', async () => {
  const work = tempDir()
  const paths = { input: join(work, 'input'), output: join(work, 'output'), checkpoint: join(work, 'checkpoint') }
  new EventWriter(paths.input, 1).write(40)
  const plan: ChildPlan = { ...paths, notes: join(work, 'notes'), kill: null, drain: false, query: 'aggregation' }
  const holder = spawn(process.execPath, [childProgram(), JSON.stringify(plan)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = new Promise((resolve) => holder.on('close', resolve))
  const events = session.readStream.format('json').schema(SCHEMA).option('maxFilesPerTrigger', 2).load(paths.input)
  try {
    while (!existsSync(plan.notes) || !readFileSync(plan.notes, 'utf8').includes('after-commit')) {
      expect(holder.exitCode, 'the holder ended').toBeNull()
      await sleep(5)
    }
    const error = await failure(() => drain(countsPerWindow(events), work))
    expectError(error, {
      kind: 'CheckpointError',
      code: 'CHECKPOINT_LOCKED',
      names: [paths.checkpoint, `process ${holder.pid}`],
    })
    const patient = millrace({ ...UTC, 'millrace.lockTimeoutMs': 200 })
    const begun = performance.now()
    expect(
      (
        await failure(() =>
          drain(countsPerWindow(patient.readStream.format('json').schema(SCHEMA).load(paths.input)), work),
        )
      ).code,
    ).toBe('CHECKPOINT_LOCKED')
    expect(performance.now() - begun).toBeGreaterThan(150)
  } finally {
    holder.kill('SIGKILL')
    await ended
  }
  await drain(countsPerWindow(events), work)
  const rows = outputRows(work)
  expect(rows.length).toBeGreaterThan(0)
  expect(new Set(rows).size).toBe(rows.length)
})

test('a checkpoint of a newer format is refused with both versions', async () => {
  const work = tempDir()
  const input = new InputDir(work)
  writeKeys(input, 2, 10)
  await drain(numbers(session, input.dir), work)
  const setVersion = (version: number): void => {
    const db = openDatabase(join(work, 'checkpoint', 'checkpoint.db'))
    db.prepare("UPDATE millrace_checkpoint SET value = ? WHERE key = 'format_version'").run(String(version))
    db.close()
  }
  setVersion(99)
  writeKeys(input, 2, 10, 2)
  const error = await failure(() => drain(numbers(session, input.dir), work))
  expectError(error, {
    kind: 'CheckpointError',
    code: 'CHECKPOINT_FORMAT_TOO_NEW',
    names: [join(work, 'checkpoint'), '99', 'upgrade'],
  })
  setVersion(FORMAT_VERSION)
  await drain(numbers(session, input.dir), work)
  expect(outputRows(work)).toEqual(await once(input.dir))
})

test('a file that is no checkpoint at all', async () => {
  const work = tempDir()
  const input = new InputDir(work)
  writeKeys(input, 1, 10)
  await drain(numbers(session, input.dir), work)
  const file = join(work, 'checkpoint', 'checkpoint.db')
  const good = readFileSync(file)
  writeFileSync(file, 'this is text, and long enough to be looked at as one page of something\n'.repeat(100))
  expectError(await failure(() => drain(numbers(session, input.dir), work)), {
    kind: 'CheckpointError',
    code: 'CHECKPOINT_CORRUPT',
    names: [file],
  })
  writeFileSync(file, good)
  writeKeys(input, 1, 10, 1)
  await drain(numbers(session, input.dir), work)
  expect(outputRows(work)).toEqual(await once(input.dir))
})

test('another query on the checkpoint is refused, naming what changed', async () => {
  const work = tempDir()
  const input = new InputDir(work)
  writeKeys(input, 1, 10)
  await drain(numbers(session, input.dir), work)
  const other = session.readStream.schema('k STRING, n BIGINT').json(input.dir).dropDuplicates(['k', 'n'])
  const error = await failure(() => drain(other, work))
  expect(error).toBeInstanceOf(CheckpointError)
  expect(error.code).toBe('CHECKPOINT_QUERY_CHANGED')
  expect(error.message).toContain('n')
  writeKeys(input, 1, 10, 1)
  await drain(numbers(session, input.dir), work)
  expect(outputRows(work)).toEqual(await once(input.dir))
})

test('no room left for the checkpoint, wherever that happens: named, and after that the right rows', async () => {
  const work = tempDir()
  const input = new InputDir(work)
  writeKeys(input, 8, 400)
  const whole = await once(input.dir)
  const reached = new Set<number>()
  for (let maxPages = 8; ; maxPages++) {
    for (const name of ['checkpoint', 'output']) rmSync(join(work, name), { recursive: true, force: true })
    const small = millrace({ ...UTC, 'millrace.checkpoint.maxPages': maxPages })
    const full = async (): Promise<MillraceError | null> =>
      drain(numbers(small, input.dir), work).then(
        () => null,
        (error: unknown) => error as MillraceError,
      )
    const error = await full()
    if (error === null) break
    const expected = {
      kind: 'CheckpointError',
      code: 'CHECKPOINT_STORAGE_FULL',
      names: [join(work, 'checkpoint'), 'free some disk space'],
    }
    expectError(error, expected)
    // As long as there is no room it stays so, and writes nothing twice.
    expectError((await full())!, expected)
    reached.add(existsSync(join(work, 'output')) ? outputRows(work).length : -1)
    await drain(numbers(session, input.dir), work)
    expect(outputRows(work), `maxPages ${maxPages}`).toEqual(whole)
  }
  expect(reached.size, 'the limits should bite before the first batch, and at several others').toBeGreaterThan(3)
})

/**
 * Any byte of the file may be wrong. Then the query is refused with one of our errors, or what it needs was not touched;
 * it never goes on with wrong rows, and with the byte mended it goes on as if nothing had been.
 */
test('a flipped byte anywhere in the checkpoint is found, or did not matter', async () => {
  const work = tempDir()
  const input = new InputDir(work)
  writeKeys(input, 6, 60)
  await drain(numbers(session, input.dir), work)
  cpSync(join(work, 'output'), join(work, 'output.good'), { recursive: true })
  const file = join(work, 'checkpoint', 'checkpoint.db')
  const good = readFileSync(file)
  writeKeys(input, 2, 60, 6)
  const whole = await once(input.dir)
  const seed = Number(process.env['MILLRACE_SEED'] ?? 1)
  const random = randomNumbers(seed)
  const filled = [...good.keys()].filter((i) => good[i] !== 0)
  const codes = new Map<string, number>()
  const wrong: string[] = []
  for (let i = 0; i < FLIPS; i++) {
    const at = filled[Math.floor(random() * filled.length)]!
    const bytes = Buffer.from(good)
    bytes[at] = bytes[at]! ^ (1 << Math.floor(random() * 8))
    rmSync(join(work, 'output'), { recursive: true, force: true })
    cpSync(join(work, 'output.good'), join(work, 'output'), { recursive: true })
    for (const name of ['checkpoint.db-wal', 'checkpoint.db-shm'])
      rmSync(join(work, 'checkpoint', name), { force: true })
    writeFileSync(file, bytes)
    let code = 'not needed'
    try {
      await drain(numbers(session, input.dir), work)
    } catch (error) {
      code =
        error instanceof CheckpointError
          ? error.code
          : `${(error as Error).name}: ${(error as Error).message.slice(0, 200)}`
      if (!(error instanceof CheckpointError)) wrong.push(`byte ${at}: ${code}`)
    }
    codes.set(code, (codes.get(code) ?? 0) + 1)
    if (code === 'not needed' && outputRows(work).join() !== whole.join())
      wrong.push(`byte ${at}: wrong rows, ${outputRows(work).length} instead of ${whole.length}`)
  }
  expect(wrong, `seed ${seed}`).toEqual([])
  expect(codes.get('CHECKPOINT_CORRUPT'), JSON.stringify([...codes])).toBeGreaterThan(0)
  rmSync(join(work, 'output'), { recursive: true })
  cpSync(join(work, 'output.good'), join(work, 'output'), { recursive: true })
  writeFileSync(file, good)
  await drain(numbers(session, input.dir), work)
  expect(outputRows(work)).toEqual(whole)
  console.log(`flipped bytes: seed ${seed}; ${JSON.stringify(Object.fromEntries(codes))}`)
})
