import { appendFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { tail } from '../../examples/custom-source.ts'
import { millrace } from '../../src/index.ts'
import { sourceContract } from '../../src/testing/index.ts'
import { consoleRows, ExampleProcess, until } from './example-process.ts'

let work: string
let running: ExampleProcess[]
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'millrace-examples-'))
  running = []
})
afterEach(async () => {
  for (const example of running) await example.end('SIGKILL')
  rmSync(work, { recursive: true, force: true })
})

function start(name: string, ...args: string[]): ExampleProcess {
  const example = new ExampleProcess(name, args)
  running.push(example)
  return example
}

test('click windows: each minute is printed once, over a kill and a restart', async () => {
  const [clicks, checkpoint] = [join(work, 'clicks'), join(work, 'checkpoint')]
  mkdirSync(clicks)
  const put = (name: string, rows: readonly (readonly [string, string])[]): void => {
    writeFileSync(join(work, name), rows.map(([at, page]) => `{"ts":"2026-01-01T${at}Z","page":"${page}"}\n`).join(''))
    renameSync(join(work, name), join(clicks, name))
  }
  put('1.json', [
    ['10:00:05', '/home'],
    ['10:00:59', '/home'],
    ['10:00:10', '/cart'],
    ['10:02:30', '/home'],
  ])
  const first = start('click-windows', clicks, checkpoint)
  const rows = (example: ExampleProcess, n: number): Promise<string[]> =>
    until(`${n} rows in\n${example.output}`, () =>
      consoleRows(example.output).length >= n ? consoleRows(example.output).sort() : undefined,
    )
  expect(await rows(first, 2)).toEqual(['2026-01-01 10:00:00 /cart 1', '2026-01-01 10:00:00 /home 2'])
  await first.end('SIGKILL')
  // The first row is late now, the second is not.
  put('2.json', [
    ['10:00:30', '/home'],
    ['10:02:40', '/home'],
    ['10:05:00', '/cart'],
  ])
  const second = start('click-windows', clicks, checkpoint)
  await until(
    'the second window',
    () => consoleRows(second.output).some((row) => row.includes('10:02:00')) || undefined,
  )
  // Killed between console and commit the batch is printed again, the same.
  expect([...new Set([...consoleRows(first.output), ...consoleRows(second.output)])].sort()).toEqual([
    '2026-01-01 10:00:00 /cart 1',
    '2026-01-01 10:00:00 /home 2',
    '2026-01-01 10:02:00 /home 2',
  ])
  expect(await second.end('SIGINT')).toBe(0)
}, 60_000)

test('rate to SQLite: after SIGKILLs no value is lost or counted twice', async () => {
  const [path, checkpoint] = [join(work, 'totals.db'), join(work, 'checkpoint')]
  const session = millrace()
  const totals = async (): Promise<{ readonly n: number; readonly newest: number } | undefined> => {
    if (!existsSync(path)) return undefined
    const df = session.read.format('sqlite').option('path', path).option('table', 'totals').load()
    const [row] = await df.selectExpr('sum(n) AS n', 'max(newest) AS newest').collect()
    return { n: Number(row!['n']), newest: Number(row!['newest']) }
  }
  let seen = 0
  for (const end of ['SIGKILL', 'SIGKILL', 'SIGINT'] as const) {
    const example = start('rate-to-sqlite', path, checkpoint)
    await until('more rows', async () => ((await totals().catch(() => undefined))?.n ?? 0) > seen || undefined)
    expect(await example.end(end)).toBe(end === 'SIGINT' ? 0 : null)
    const { n, newest } = (await totals())!
    expect(n).toBeGreaterThan(seen)
    expect(n).toBe(newest + 1)
    seen = n
  }
  await session.stop()
}, 60_000)

test('a service with a live result answers from it', async () => {
  const service = start('live-service', '0')
  const port = await until('its port', () => /listening on (\d+)/.exec(service.output)?.[1])
  const url = (path: string): string => `http://127.0.0.1:${port}/${path}`
  const post = (body: string): Promise<Response> => fetch(url('clicks'), { method: 'POST', body })
  expect((await post('[{"page":"/home"},{"page":"/cart"},{"page":"/home"}]')).status).toBe(200)
  expect((await post('[{"page":"/home"}]')).status).toBe(200)
  const counts = await until('counts', async () => {
    const rows = (await (await fetch(url('counts'))).json()) as { readonly page: string; readonly count: number }[]
    return rows.some((r) => r.count === 3) ? rows : undefined
  })
  expect(counts.sort((a, b) => (a.page < b.page ? -1 : 1))).toEqual([
    { page: '/cart', count: 1 },
    { page: '/home', count: 3 },
  ])
  for (const wrong of ['{', '{"page":"/home"}', '[{"page":null}]', '[{"page":"/x"},{"page":null}]'])
    expect((await post(wrong)).status, wrong).toBe(400)
  expect((await fetch(url('nowhere'))).status).toBe(404)
  expect(await (await fetch(url('counts'))).json()).toHaveLength(2)
  expect(await service.end('SIGINT')).toBe(0)
}, 60_000)

test("a source of one's own goes on behind the last whole line, over a kill", async () => {
  const [path, checkpoint] = [join(work, 'app.log'), join(work, 'checkpoint')]
  writeFileSync(path, 'INFO one\nWARN two\nINFO thr')
  const first = start('custom-source', path, checkpoint)
  await until('two levels', () => consoleRows(first.output).length === 2 || undefined)
  expect(consoleRows(first.output).sort()).toEqual(['INFO 1', 'WARN 1'])
  appendFileSync(path, 'ee\n')
  await until('another count', () => consoleRows(first.output).includes('INFO 2') || undefined)
  await first.end('SIGKILL')
  appendFileSync(path, 'WARN four\n')
  const second = start('custom-source', path, checkpoint)
  await until('the count after the restart', () => consoleRows(second.output).includes('WARN 2') || undefined)
  expect(consoleRows(second.output)).not.toContain('INFO 3')
  expect(await second.end('SIGINT')).toBe(0)
}, 60_000)

for (const { name, run } of sourceContract(tail, () => {
  const path = join(work, 'contract.log')
  writeFileSync(path, '')
  return { options: { path }, feed: () => appendFileSync(path, 'a\nb\nc\n') }
}))
  test(`the tail source: ${name}`, run)
