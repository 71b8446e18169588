import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { batchOf } from '../../src/columns/builder.ts'
import { type FileOffset, jsonSource, textSource } from '../../src/connectors/files/source.ts'
import { globPattern } from '../../src/connectors/files/listing.ts'
import { jsonSink } from '../../src/connectors/files/sink.ts'
import { validateOptions } from '../../src/connectors/options.ts'
import type { SinkContext, Source, SourceContext, SourceProvider } from '../../src/connectors/provider.ts'
import { memoryLog } from '../../src/engine/memory-log.ts'
import { BIGINT, field, schemaOf, STRING, type Schema } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { rowsOf, sinkContext, sourceContext, token } from './contexts.ts'

const N = schemaOf(field('n', BIGINT))
let dir: string
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-files-'))
})
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }))

let clock = 1_700_000_000
const put = (name: string, text: string, at = clock++): void => {
  fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true })
  fs.writeFileSync(path.join(dir, name), text)
  fs.utimesSync(path.join(dir, name), at, at)
}
const open = (
  options: Record<string, string> = {},
  ctx: Partial<SourceContext> = {},
  provider: SourceProvider = jsonSource,
  schema: Schema = N,
): Promise<Source<FileOffset>> =>
  provider.open(
    validateOptions(provider.format, provider.options, { path: dir, ...options }),
    sourceContext(schema, ctx),
  ) as Promise<Source<FileOffset>>

async function batches(source: Source<FileOffset>, from: FileOffset | null = null): Promise<Value[][]> {
  const out: Value[][] = []
  let at = from
  for (;;) {
    const to = await source.latestOffset(at)
    if (to === null || to.logOffset === (at?.logOffset ?? -1)) return out
    out.push(rowsOf([...(source.read(at, to) as Iterable<never>)]).map((r) => r[0]!))
    at = to
  }
}

describe('the json source', () => {
  it('takes files by modification time, then name, leaving out hidden and unfinished ones', async () => {
    put('b', '{"n":2}', 1000)
    put('a', '{"n":3}', 2000)
    put('c', '{"n":1}', 1000)
    for (const name of ['.hidden', '_SUCCESS', 'x.tmp', 'y._COPYING_', 'sub/z']) put(name, '{"n":99}')
    expect(await batches(await open({ maxFilesPerTrigger: '1' }))).toEqual([[2n], [1n], [3n]])
    expect(await batches(await open())).toEqual([[2n, 1n, 3n]])
    expect(await batches(await open({ maxFilesPerTrigger: '2', latestFirst: 'true' }))).toEqual([[3n, 1n], [2n]])
    expect(await batches(await open({ maxBytesPerTrigger: '14' }))).toEqual([[2n, 1n], [3n]])
    expect((await batches(await open({ recursiveFileLookup: 'true' })))[0]!.length).toBe(4)
    expect(await batches(await open({ pathGlobFilter: '[ab]' }))).toEqual([[2n, 3n]])
    expect(await batches(await open({ path: path.join(dir, '{a,c}') }))).toEqual([[1n, 3n]])
    expect(await batches(await open({ path: path.join(dir, 'a') }))).toEqual([[3n]])
  })

  it('reads each file once, also after a restart from its log', async () => {
    const log = memoryLog()
    put('a', '{"n":1}')
    expect(await batches(await open({}, { log }))).toEqual([[1n]])
    put('b', '{"n":2}')
    put('a', '{"n":9}')
    const again = await open({}, { log })
    expect(await batches(again, { logOffset: 0 })).toEqual([[2n]])
  })

  it('takes a lot back whose offset was never used', async () => {
    const log = memoryLog()
    put('a', '{"n":1}')
    await (await open({}, { log })).latestOffset(null)
    put('b', '{"n":2}')
    expect(await batches(await open({}, { log }))).toEqual([[1n, 2n]])
  })

  it('reads a file up to the size it was listed with', async () => {
    put('a', '{"n":1}\n')
    const source = await open()
    const to = await source.latestOffset(null)
    fs.appendFileSync(path.join(dir, 'a'), '{"n":2}\n')
    expect(rowsOf([...(source.read(null, to!) as Iterable<never>)])).toEqual([[1n]])
    fs.truncateSync(path.join(dir, 'a'), 2)
    expect(() => [...(source.read(null, to!) as Iterable<never>)]).toThrow(/FAILED_READ_FILE.FILE_NOT_EXIST.*shorter/)
    fs.rmSync(path.join(dir, 'a'))
    expect(() => [...(source.read(null, to!) as Iterable<never>)]).toThrow(/FAILED_READ_FILE.FILE_NOT_EXIST/)
  })

  it('reads files of many blocks, lines longer than a block, with and without strings', async () => {
    const lines = Array.from({ length: 60_000 }, (_, n) => JSON.stringify({ s: 'x'.repeat(100 + (n % 90)), n }))
    lines[30_000] = JSON.stringify({ s: 'y'.repeat(9_000_000), n: 30_000 })
    put('a', lines.join('\n'))
    put('b', '')
    put('c', '\n\n')
    expect(await batches(await open())).toEqual([lines.map((_, n) => BigInt(n))])
    const both = schemaOf(field('n', BIGINT), field('s', STRING))
    const source = await open({}, {}, jsonSource, both)
    const rows = rowsOf([...(source.read(null, (await source.latestOffset(null))!) as Iterable<never>)])
    expect(rows.length).toBe(60_000)
    expect(
      rows.every(
        (r, n) => r[0] === BigInt(n) && (r[1] as string).length === (n === 30_000 ? 9_000_000 : 100 + (n % 90)),
      ),
    ).toBe(true)
  })

  it('names file, line and text of a corrupt line', async () => {
    put('bad', '{"n":1}\n{"n":2}\n\n{"n":"three"}\n')
    await expect(batches(await open())).rejects.toThrow(
      new RegExp(
        `MALFORMED_RECORD_IN_PARSING.*\\{"n":"three"\\} at ${dir}/bad, line 4 .*"three" is not of type BIGINT`,
      ),
    )
    expect(await batches(await open({ mode: 'dropmalformed' }))).toEqual([[1n, 2n]])
    const big = Array.from({ length: 300_000 }, (_, n) => `{"n":${n},"pad":"${'p'.repeat(20)}"}`)
    big[250_000] = '{"n":'
    put('bad', big.join('\n'))
    await expect(batches(await open())).rejects.toThrow(/line 250001 /)
  })

  it('wants a schema and an existing path', () => {
    const options = (o: Record<string, string>): ReturnType<typeof validateOptions> =>
      validateOptions('json', jsonSource.options, o)
    expect(() => jsonSource.schema(options({ path: dir }), null)).toThrow(/UNABLE_TO_INFER_SCHEMA.*\n.*schema\('/s)
    expect(() => jsonSource.schema(options({ path: path.join(dir, 'none') }), N)).toThrow(/PATH_NOT_FOUND/)
    expect(() => jsonSource.schema(options({ path: path.join(dir, '*.json') }), N)).toThrow(/PATH_NOT_FOUND/)
    expect(() => jsonSource.schema(options({ path: dir, mode: 'lax' }), N)).toThrow(/OPTION_INVALID/)
    expect(() => options({})).toThrow(/OPTION_MISSING/)
    expect(() => options({ path: dir, maxFilePerTrigger: '1' })).toThrow(/did you mean "maxFilesPerTrigger"/)
    expect(() => options({ path: dir, maxFilesPerTrigger: 'x' })).toThrow(/OPTION_INVALID/)
  })

  it('fails when its directory goes away', async () => {
    const source = await open()
    fs.rmSync(dir, { recursive: true })
    await expect(source.latestOffset(null)).rejects.toThrow(/FAILED_READ_FILE/)
  })

  it('does not cut bounded reads', async () => {
    put('a', '{"n":1}')
    put('b', '{"n":2}')
    expect(await batches(await open({ maxFilesPerTrigger: '1' }, { streaming: false }))).toEqual([[1n, 2n]])
  })
})

describe('the text source', () => {
  it('gives every line, empty ones too', async () => {
    put('a', 'one\r\n\nthree "q" \\n\nlast')
    const source = await open({}, {}, textSource, schemaOf(field('value', STRING)))
    put('b', '\ufeffmarked')
    expect(await batches(source)).toEqual([['one', '', 'three "q" \\n', 'last', 'marked']])
  })
})

describe('globPattern', () => {
  it('knows the usual forms', () => {
    const match = (glob: string, name: string): boolean => globPattern(glob).test(name)
    expect([
      match('*.json', 'a.json'),
      match('*.json', 'ajson'),
      match('?', 'ab'),
      match('[a-c]x', 'bx'),
      match('[!a]x', 'ax'),
      match('{a,b*}.t', 'bcd.t'),
      match('a+(b)', 'a+(b)'),
    ]).toEqual([true, false, false, true, false, true, true])
  })
})

describe('the json sink', () => {
  const S = schemaOf(field('k', STRING), field('n', BIGINT))
  const sink = (ctx: Partial<SinkContext> = {}, options: Record<string, string> = {}) =>
    jsonSink.open(
      validateOptions('json', jsonSink.options, { path: path.join(dir, 'out'), ...options }),
      sinkContext(S, ctx),
    )
  const files = (): string[] => fs.readdirSync(path.join(dir, 'out')).filter((n) => n !== '.millrace-query')

  it('makes one file a batch, visible when it is finished', async () => {
    const s = await sink()
    await s.begin(3, token(3))
    await s.add(
      batchOf(
        S,
        Array.from({ length: 8000 }, (_, i) => ['x'.repeat(1000), BigInt(i)]),
      ),
    )
    expect(files()).toEqual(['.part-00003-0.json.tmp'])
    await s.finish()
    expect(files()).toEqual(['part-00003-0.json'])
    expect(fs.readFileSync(path.join(dir, 'out', 'part-00003-0.json'), 'utf8').split('\n').length).toBe(8001)
  })

  it('at the start removes what came after the last commit, and a rerun without rows its file', async () => {
    const first = await sink()
    for (const id of [0, 1, 2]) {
      await first.begin(id, token(id))
      await first.add(batchOf(S, [['k', BigInt(id)]]))
      await first.finish()
    }
    const again = await sink({ lastCommittedBatch: 1 })
    expect(files()).toEqual(['part-00000-0.json', 'part-00001-0.json'])
    await again.begin(1, token(1))
    await again.finish()
    expect(files()).toEqual(['part-00000-0.json'])
  })

  it('refuses the directory of another query', async () => {
    const s = await sink()
    await s.begin(0, token(0))
    await s.add(batchOf(S, [['k', 1n]]))
    await s.finish()
    await expect(async () => sink({ queryId: 'other' })).rejects.toThrow(/SINK_DIRECTORY_IN_USE/)
    expect(files()).toEqual(['part-00000-0.json'])
  })

  it('fails clearly where it cannot write', async () => {
    fs.writeFileSync(path.join(dir, 'file'), '')
    await expect(async () => sink({}, { path: path.join(dir, 'file', 'x') })).rejects.toThrow(/TASK_WRITE_FAILED/)
    const s = await sink()
    fs.symlinkSync('/dev/full', path.join(dir, 'out', '.part-00000-0.json.tmp'))
    await s.begin(0, token(0))
    await s.add(batchOf(S, [['k', 1n]]))
    expect(() => s.finish()).toThrow(/TASK_WRITE_FAILED.*ENOSPC.*hint: the disk is full/s)
    expect(files()).toEqual([])
  })
})
