import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { csvSource, type FileOffset, jsonSource, textSource } from '../../../src/connectors/files/source.ts'
import { SeenFiles } from '../../../src/connectors/files/seen.ts'
import { validateOptions } from '../../../src/connectors/options.ts'
import type { Source, SourceContext, SourceProvider } from '../../../src/connectors/provider.ts'
import { memoryLog } from '../../../src/engine/memory-log.ts'
import { BIGINT, field, schemaOf, type Schema, STRING } from '../../../src/types/data-type.ts'
import type { Json } from '../../../src/types/json.ts'
import type { Value } from '../../../src/types/value.ts'
import { rowsOf, sourceContext } from '../contexts.ts'
import { putFile } from './lay.ts'

const N = schemaOf(field('n', BIGINT))
let dir: string
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-files-'))
})
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }))

type Given = Record<string, string>
const put = (name: string, text: string, at?: number): void => putFile(dir, name, text, at)
const open = (
  options: Given = {},
  ctx: Partial<SourceContext> = {},
  provider: SourceProvider = csvSource,
  schema: Schema = N,
) =>
  provider.open(
    validateOptions(provider.format, provider.options, { path: dir, ...options }),
    sourceContext(schema, ctx),
  ) as Promise<Source<FileOffset>>
const schemaFor = (options: Given, declared: Schema | null, provider: SourceProvider = csvSource): Schema =>
  provider.schema(validateOptions(provider.format, provider.options, { path: dir, ...options }), declared)

/** The first column of each batch until nothing is left. */
async function batches(source: Source<FileOffset>, from: FileOffset | null = null, most = 100): Promise<Value[][]> {
  const out: Value[][] = []
  let at = from
  for (; most > 0; most--) {
    const to = await source.latestOffset(at)
    if (to === null || to.logOffset === (at?.logOffset ?? -1)) break
    const got = []
    for await (const b of source.read(at, to)) got.push(b)
    out.push(rowsOf(got).map((r) => r[0]!))
    at = to
  }
  return out
}

describe('options of file streams', () => {
  it('limits a batch by files or by bytes, not by both', async () => {
    for (let i = 0; i < 5; i++) put(`f${i}`, `${i}\n`)
    expect(await batches(await open({ maxFilesPerTrigger: '2' }))).toEqual([[0n, 1n], [2n, 3n], [4n]])
    expect(await batches(await open({ maxBytesPerTrigger: '6' }))).toEqual([
      [0n, 1n, 2n],
      [3n, 4n],
    ])
    expect(await batches(await open({ maxBytesPerTrigger: '1' }))).toEqual([[0n], [1n], [2n], [3n], [4n]])
    expect(() => schemaFor({ maxFilesPerTrigger: '1', maxBytesPerTrigger: '1' }, N)).toThrow(
      /OPTION_INVALID.*no other limit/,
    )
    expect(() => schemaFor({ maxFilesPerTrigger: '0' }, N)).toThrow(/OPTION_INVALID.*a number from 1/)
  })

  it('takes the newest first', async () => {
    for (let i = 0; i < 3; i++) put(`f${i}`, `${i}\n`)
    const source = await open({ latestFirst: 'true', maxFilesPerTrigger: '1' })
    const first = await source.latestOffset(null)
    expect(rowsOf([...(source.read(null, first!) as Iterable<never>)])).toEqual([[2n]])
    // One that comes later is newer still.
    put('f3', '3\n')
    expect(await batches(source, first)).toEqual([[3n], [1n], [0n]])
  })

  it('knows files by name alone', async () => {
    put('a/x', '1\n')
    put('b/x', '2\n')
    put('b/y', '3\n')
    expect(await batches(await open({ recursiveFileLookup: 'true', fileNameOnly: 'true' }))).toEqual([[1n, 3n]])
    expect(await batches(await open({ recursiveFileLookup: 'true' }))).toEqual([[1n, 2n, 3n]])
  })

  it('leaves files out that are older than maxFileAge, counted from the newest, save in the first batch', async () => {
    const hour = 3600
    put('old', '1\n', 1_700_000_000 - 48 * hour)
    put('new', '2\n', 1_700_000_000)
    const source = await open({ maxFileAge: '24h' })
    expect(await batches(source)).toEqual([[1n, 2n]])
    put('older', '3\n', 1_700_000_000 - 25 * hour)
    put('young', '4\n', 1_700_000_000 - 23 * hour)
    expect(await batches(source, { logOffset: 0 })).toEqual([[4n]])
    // Ever again.
    expect(await batches(source, { logOffset: 1 })).toEqual([])
    const latest = await open({ maxFileAge: '24h', latestFirst: 'true', maxFilesPerTrigger: '1' })
    expect((await batches(latest)).length).toBe(4)
    expect((await batches(await open({}, { streaming: false })))[0]!.length).toBe(4)
  })

  it('remembers no more files than maxFileAge asks for', () => {
    const seen = new SeenFiles((p) => p, 1000)
    for (let i = 0; i < 10_000; i++) {
      seen.add({ path: `f${i}`, timestamp: i })
      seen.purge()
    }
    expect(seen.size).toBe(1001)
    const listed = Array.from({ length: 10_000 }, (_, i) => ({ path: `f${i}`, timestamp: i, size: 1 }))
    seen.beginListing()
    expect(seen.fresh(listed)).toEqual([])
    // What was too old once is not looked at again as long as it is there, and forgotten when it is gone.
    expect(seen.knows('f5')).toBe(true)
    expect(seen.knows('other')).toBe(false)
    seen.beginListing()
    expect([seen.knows('f5'), seen.fresh([]), seen.knows('f6'), seen.knows('f5')]).toEqual([true, [], false, true])
  })

  it('keeps files found for the next batches without listing again', async () => {
    for (let i = 0; i < 10; i++) put(`f${i}`, `${i}\n`)
    const source = await open({ maxFilesPerTrigger: '2' })
    expect(await batches(source, null, 2)).toEqual([
      [0n, 1n],
      [2n, 3n],
    ])
    // A file older than those kept waits for the next listing.
    put('early', '99\n', 1_699_990_000)
    const rest = (await batches(source, { logOffset: 1 })).flat()
    expect(rest).toEqual([4n, 5n, 6n, 7n, 8n, 9n, 99n])
    const anew = await open({ maxFilesPerTrigger: '2', maxCachedFiles: '0' })
    await anew.latestOffset(null)
    put('early2', '98\n', 1_699_990_000)
    expect((await batches(anew, { logOffset: 0 }))[0]).toEqual([98n, 1n])
    expect(() => schemaFor({ discardCachedInputRatio: '2' }, N)).toThrow(/OPTION_INVALID.*from 0 to 1/)
    expect(() => schemaFor({ maxCachedFiles: '-1' }, N)).toThrow(/OPTION_INVALID/)
  })

  it('lists again when few of the files kept are left', async () => {
    for (let i = 0; i < 13; i++) put(`f${String(i).padStart(2, '0')}`, `${i}\n`)
    const source = await open({ maxFilesPerTrigger: '10', discardCachedInputRatio: '0.5' })
    await source.latestOffset(null)
    put('early', '99\n', 1_699_990_000)
    expect(await batches(source, { logOffset: 0 })).toEqual([[99n, 10n, 11n, 12n]])
  })

  it('deletes or archives files whose batch is committed, also those of an earlier life', async () => {
    const log = memoryLog()
    const kept = new Map<string, Json>()
    const ctx = { log, metadata: { get: (k: string) => kept.get(k), set: (k: string, v: Json) => void kept.set(k, v) } }
    put('a', '1\n')
    put('b', '2\n')
    const source = await open({ cleanSource: 'delete', maxFilesPerTrigger: '1' }, ctx)
    expect(await batches(source)).toEqual([[1n], [2n]])
    expect(fs.readdirSync(dir)).toEqual(['a', 'b'])
    await source.commit!({ logOffset: 0 })
    expect(fs.readdirSync(dir)).toEqual(['b'])
    put('c', '3\n')
    const again = await open({ cleanSource: 'DELETE' }, ctx)
    expect(await batches(again, { logOffset: 1 })).toEqual([[3n]])
    await again.commit!({ logOffset: 2 })
    expect(fs.readdirSync(dir)).toEqual([])
    const archive = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-archive-'))
    put('p=1/d', '4\n')
    const moving = await open({ cleanSource: 'archive', sourceArchiveDir: archive }, { declared: N })
    expect(await batches(moving)).toEqual([[4n]])
    await moving.commit!({ logOffset: 0 })
    expect(fs.readFileSync(path.join(archive, dir, 'p=1/d'), 'utf8')).toBe('4\n')
    fs.rmSync(archive, { recursive: true })
    expect(() => schemaFor({ cleanSource: 'archive' }, N)).toThrow(/OPTION_MISSING.*sourceArchiveDir/)
    expect(() => schemaFor({ cleanSource: 'burn' }, N)).toThrow(/OPTION_INVALID.*off, delete or archive/)
    await expect(async () => open({ cleanSource: 'archive', sourceArchiveDir: path.join(dir, 'x') })).rejects.toThrow(
      /OPTION_INVALID.*outside/,
    )
  })

  it('reads files rolled by minute each once, however the clock and the writer go', async () => {
    // A writer under a clock of its own: one file a minute, finished when the next begins; the reader looks at odd times.
    const source = await open({ maxFilesPerTrigger: '3' }, {}, textSource, schemaOf(field('value', STRING)))
    let nowMs = Date.UTC(2016, 2, 16, 1, 18)
    let at: FileOffset | null = null
    const got: string[] = []
    for (let minute = 0; minute < 40; minute++) {
      const name = `log_${new Date(nowMs).toISOString().slice(0, 16).replace('T', '-').replace(':', '-')}.log`
      fs.writeFileSync(path.join(dir, `.${name}.part`), `${name} a\n${name} b\n`)
      fs.utimesSync(path.join(dir, `.${name}.part`), nowMs / 1000, nowMs / 1000)
      if (minute % 7 !== 3) for (const row of (await batches(source, at, 1)).flat()) got.push(row as string)
      const end: FileOffset | null = await source.latestOffset(at)
      if (end !== null && end.logOffset > (at?.logOffset ?? -1)) {
        for (const b of source.read(at, end) as Iterable<never>)
          got.push(
            ...rowsOf([b])
              .map((r) => r[0] as string)
              .filter((r) => !got.includes(r)),
          )
        at = end
      }
      fs.renameSync(path.join(dir, `.${name}.part`), path.join(dir, name))
      nowMs += 60_000
    }
    for (const row of (await batches(source, at)).flat()) got.push(row as string)
    expect(got.length).toBe(new Set(got).size)
    const names = fs.readdirSync(dir)
    expect(names[0]).toBe('log_2016-03-16-01-18.log')
    expect([...got].sort()).toEqual(names.flatMap((n) => [`${n} a`, `${n} b`]).sort())
  })

  it('reads a file that is still being appended up to the size it was listed with; what comes later is not read', async () => {
    const source = await open()
    put('growing', '1\n2\n')
    const first = await source.latestOffset(null)
    fs.appendFileSync(path.join(dir, 'growing'), '3\n')
    expect(rowsOf([...(source.read(null, first!) as Iterable<never>)])).toEqual([[1n], [2n]])
    expect(await batches(source, first)).toEqual([])
  })
})

describe('finding files', () => {
  it('by time', async () => {
    put('a', '1\n', 1_700_000_000)
    put('b', '2\n', 1_700_003_600)
    const hour = (s: number): string => new Date(s * 1000).toISOString().slice(0, 19)
    const bounded = { streaming: false }
    expect(await batches(await open({ modifiedAfter: hour(1_700_000_000) }, bounded))).toEqual([[2n]])
    expect(await batches(await open({ modifiedBefore: hour(1_700_003_600) }, bounded))).toEqual([[1n]])
    await expect(async () => open({ modifiedAfter: 'yesterday' }, bounded)).rejects.toThrow(
      /OPTION_INVALID.*a timestamp/,
    )
  })

  it('by globs in any part of the path', async () => {
    put('2020/a.csv', '1\n')
    put('2021/b.csv', '2\n')
    put('2022/c.txt', '3\n')
    put('x{y/d.csv', '4\n')
    expect(await batches(await open({ path: path.join(dir, '202[0-1]') }))).toEqual([[1n, 2n]])
    expect(await batches(await open({ path: path.join(dir, '20??', '*.csv') }))).toEqual([[1n, 2n]])
    expect(await batches(await open({ path: path.join(dir, '{2020,2022}/*.{csv,txt}') }))).toEqual([[1n, 3n]])
    expect(await batches(await open({ path: path.join(dir, 'x{y') }))).toEqual([[4n]])
  })
})

describe('gzip', () => {
  it('is inflated piece by piece, lines over many pieces, truncated files named', async () => {
    const lines = Array.from({ length: 300_000 }, (_, i) => `${i}`).join('\n')
    put('big.csv.gz', lines)
    put('plain.csv', '7\n')
    const source = await open()
    expect(await batches(source)).toEqual([[...Array.from({ length: 300_000 }, (_, i) => BigInt(i)), 7n]])
    const bytes = fs.readFileSync(path.join(dir, 'big.csv.gz'))
    fs.rmSync(path.join(dir, 'plain.csv'))
    fs.writeFileSync(path.join(dir, 'big.csv.gz'), bytes.subarray(0, 1000))
    await expect(batches(await open())).rejects.toThrow(/FAILED_READ_FILE.*big.csv.gz/)
    fs.writeFileSync(path.join(dir, 'big.csv.gz'), 'no gzip')
    await expect(batches(await open())).rejects.toThrow(/FAILED_READ_FILE.*big.csv.gz/)
    const empty = await open()
    fs.writeFileSync(path.join(dir, 'big.csv.gz'), '')
    expect((await batches(empty)).flat()).toEqual([])
  })
})

describe('what goes wrong is told', () => {
  it('names the place of a record that does not fit', async () => {
    put('a.csv', 'h,i\n1,x\n\n# c\nq,y\n')
    const two = schemaOf(field('n', BIGINT), field('s', STRING))
    const options = { header: 'true', comment: '#' }
    await expect(batches(await open(options, {}, csvSource, two))).rejects.toThrow(
      /MALFORMED_RECORD.*q,y at .*a\.csv, line 5 \("q" is not of type BIGINT\)/,
    )
    put('a.csv', '1,x,2\n')
    await expect(batches(await open({}, {}, csvSource, two))).rejects.toThrow(/it has 3 values, 2 are expected/)
    put('a.csv', '1,"x\ny"\nz,"1\n2"\n')
    await expect(batches(await open({ multiLine: 'true' }, {}, csvSource, two))).rejects.toThrow(/line 4/)
  })

  it('refuses option values', () => {
    for (const [option, value] of Object.entries({
      mode: 'lax',
      encoding: 'UTF-16',
      sep: '',
      quote: '""',
      comment: 'é',
      lineSep: '\r\n',
      samplingRatio: '0',
      dateFormat: 'bbbb',
    }))
      expect(() => schemaFor({ [option]: value }, N), option).toThrow(/OPTION_INVALID|pattern|PATTERN|\[INVALID/)
    expect(() => schemaFor({ encoding: 'utf8' }, N)).not.toThrow()
    expect(() => schemaFor({}, schemaOf(field('_corrupt_record', BIGINT)))).toThrow(/INVALID_CORRUPT_RECORD_TYPE/)
    expect(() => schemaFor({}, N, textSource)).toThrow(/UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE/)
    expect(() => schemaFor({ lineSep: '' }, N, jsonSource)).toThrow(/OPTION_INVALID/)
  })

  it('partition values that are not of their type', async () => {
    put('p=x/a', '1\n')
    const schema = schemaOf(field('n', BIGINT), field('p', BIGINT))
    await expect(batches(await open({}, { declared: schema }, csvSource, schema))).rejects.toThrow(
      /FAILED_READ_FILE.*"x" of partition column p is not of type BIGINT/,
    )
  })
})
