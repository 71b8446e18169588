/**
 * Files: a directory, file or glob; each file is read once, in order of modification time, then name.
 *
 *   offset   {logOffset}: number of the last lot of files taken; the lots stand in the source's log
 *   replay   native: a lot lists its files with their sizes; a file is read up to the size it had when it was listed,
 *            but in a batch that runs again after a restart as it is then, so that a mended file counts
 */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import type { Batch } from '../../columns/batch.ts'
import { AnalysisError, CheckpointError, OptionError } from '../../errors/errors.ts'
import type { Schema } from '../../types/data-type.ts'
import type { Json } from '../../types/json.ts'
import { parseTimestamp } from '../../types/time.ts'
import { zoneOf } from '../../types/time-zone.ts'
import {
  defineSource,
  type Options,
  type SchemaContext,
  type Source,
  type SourceContext,
  type SourceMetrics,
  type SourceProvider,
} from '../provider.ts'
import { type Cleaner, cleanerOf } from './cleaner.ts'
import type { FileFormat } from './file-format.ts'
import { FileRows } from './file-rows.ts'
import { arrowFiles, csvFiles, jsonFiles, textFiles } from './formats.ts'
import { DirectoryWatch } from './directory-watch.ts'
import {
  byAge,
  checkPath,
  isGlob,
  listFiles,
  listFilesInSlices,
  type ListedFile,
  type ListOptions,
  plainPath,
} from './listing.ts'
import { FILE_METADATA } from './metadata-columns.ts'
import { checkFileOptions, FILE_OPTIONS, textOf } from './options.ts'
import { discoverPartitions } from './partitions.ts'
import { isGzip } from './read-lines.ts'
import { SeenFiles } from './seen.ts'

export const jsonSource = fileSource(jsonFiles)
export const csvSource = fileSource(csvFiles)
export const textSource = fileSource(textFiles)
export const arrowSource = fileSource(arrowFiles)

/** The source of a file format. */
function fileSource(format: FileFormat): SourceProvider {
  return defineSource({
    format: format.format,
    doc: format.doc,
    options: { ...FILE_OPTIONS, ...format.options },
    replay: 'native',
    supports: ['batch', 'stream'],
    tellsChange: true,
    metadataColumns: FILE_METADATA,
    infersSchema: !format.isFixed,
    schema: (options, declared, ctx) => columnsOf(format, options, declared, ctx),
    open: (options, ctx) => Promise.resolve(new FileSource(format, options, ctx)),
    describe: (options) => `FileStreamSource[file:${plainPath(String(options['path']))}]`,
  })
}

/** The columns of the table: those of the files, then partition columns. Declared types win over those found. */
function columnsOf(
  format: FileFormat,
  options: Options,
  declared: Schema | null,
  ctx: SchemaContext = { streaming: false, timeZone: 'UTC', conf: () => undefined },
): Schema {
  checkFileOptions(format.format, options)
  const location = String(options['path'])
  checkPath(location)
  if (
    declared === null &&
    ctx.streaming &&
    !format.isFixed &&
    ctx.conf('spark.sql.streaming.schemaInference')?.toLowerCase() !== 'true'
  )
    throw new AnalysisError(
      'UNABLE_TO_INFER_SCHEMA',
      { format: `a stream of ${format.format} files` },
      { hint: "call schema('a INT, b STRING') before load(), or set spark.sql.streaming.schemaInference to true" },
    )
  const found =
    options['recursiveFileLookup'] === true
      ? []
      : discoverPartitions(location, textOf(options, 'basePath'), ctx.timeZone)
  const isFound = (name: string): boolean => found.some((p) => p.name.toLowerCase() === name.toLowerCase())
  if (declared !== null) {
    const data = { fields: declared.fields.filter((f) => !isFound(f.name)) }
    format.check(options, data)
    const typed = found.map((p) => declared.fields.find((f) => f.name.toLowerCase() === p.name.toLowerCase()) ?? p)
    return { fields: [...data.fields, ...typed] }
  }
  format.check(options, null)
  const data = format.infer(options, () => filesToInferFrom(format, options, ctx.timeZone), ctx.timeZone)
  const fields = data.fields.map((f) => found.find((p) => p.name.toLowerCase() === f.name.toLowerCase()) ?? f)
  return { fields: [...fields, ...found.filter((p) => !fields.includes(p))] }
}

function filesToInferFrom(format: FileFormat, options: Options, timeZone: string): ListedFile[] {
  const files = listFiles(String(options['path']), listOptions(format.format, options, timeZone)).sort(byAge)
  if (files.length === 0)
    throw new AnalysisError(
      'UNABLE_TO_INFER_SCHEMA',
      { format: `${format.format} files of a directory that holds none` },
      { hint: "call schema('a INT, b STRING') before load()" },
    )
  return files
}

function listOptions(format: string, options: Options, timeZone: string): ListOptions {
  const time = (name: string): number | undefined => {
    const text = textOf(options, name)
    if (text === undefined) return undefined
    const us = parseTimestamp(text, zoneOf(timeZone))
    if (us === null)
      throw new OptionError('OPTION_INVALID', { format, option: name, value: text, expected: 'a timestamp' })
    return Number(us / 1000n)
  }
  return {
    recursive: options['recursiveFileLookup'] === true,
    nameGlob: textOf(options, 'pathGlobFilter'),
    modifiedAfter: time('modifiedAfter'),
    modifiedBefore: time('modifiedBefore'),
  }
}

/** An offset of a file source. */
export type FileOffset = { readonly logOffset: number }

/** Metadata key: the last lot whose files were cleaned up. */
const CLEANED = 'cleaned'

/**
 * Refuses to go back to `offset` where files that came after it were archived or deleted (cleanSource): they would not be
 * read again. `metadata` reads what the source keeps in the checkpoint. Throws CHECKPOINT_INPUT_GONE.
 */
export function refuseCleaned(metadata: (key: string) => Json | undefined, source: string, offset: Json): void {
  const cleaned = metadata(CLEANED)
  const at = (offset as { readonly logOffset?: Json } | null)?.logOffset
  if (typeof cleaned !== 'number' || typeof at !== 'number' || cleaned <= at) return
  throw new CheckpointError(
    'CHECKPOINT_INPUT_GONE',
    { source, message: `option cleanSource has taken files away that came after offset ${at}` },
    { hint: 'go back to a later batch' },
  )
}

class FileSource implements Source<FileOffset> {
  readonly #options: Options
  readonly #ctx: SourceContext
  readonly #rows: FileRows
  readonly #seen: SeenFiles
  readonly #listOptions: ListOptions
  readonly #maxFiles: number
  readonly #maxBytes: number
  readonly #latestFirst: boolean
  readonly #clean: Cleaner
  /** The last lot of files an earlier life took: its batch may have failed on what one of them held. */
  readonly #takenBefore: number
  /** Files found and not taken yet, in order from `#next` on. */
  #waiting: ListedFile[] = []
  #next = 0
  /** The last listing's files were all kept. */
  #keptAll = false
  readonly #watch = new DirectoryWatch()
  readonly #isGlob: boolean
  /** Nothing is listed any more (availableNow). */
  #frozen = false
  /** Rows given since the last takeMetrics, and the decoders' counts then. */
  #given = 0
  #droppedBefore = 0
  #slowBefore = 0

  constructor(format: FileFormat, options: Options, ctx: SourceContext) {
    this.#options = options
    this.#ctx = ctx
    checkFileOptions(format.format, options)
    this.#maxFiles = this.#limit('maxFilesPerTrigger')
    this.#maxBytes = this.#limit('maxBytesPerTrigger')
    this.#latestFirst = options['latestFirst'] === true
    this.#listOptions = listOptions(format.format, options, ctx.timeZone)
    this.#clean = ctx.streaming === false ? null : cleanerOf(format.format, options)
    this.#isGlob = isGlob(String(options['path']))
    this.#rows = new FileRows(format, options, ctx)
    const limited = this.#maxFiles !== Infinity || this.#maxBytes !== Infinity
    const maxAgeMs =
      ctx.streaming === false || (this.#latestFirst && limited) ? Infinity : Number(options['maxFileAge'])
    this.#seen = new SeenFiles((file) => this.#key(file), maxAgeMs)
    this.#takenBefore = ctx.log.last()
    for (const { entry } of ctx.log.all()) this.#seen.add(entry as unknown as ListedFile)
    this.#seen.purge()
  }

  #limit(option: string): number {
    const value = this.#options[option]
    return value === undefined || this.#ctx.streaming === false ? Infinity : Number(value)
  }

  #key(file: string): string {
    return this.#options['fileNameOnly'] === true ? path.basename(file) : file
  }

  initialOffset(): Promise<FileOffset> {
    return Promise.resolve({ logOffset: -1 })
  }

  async latestOffset(from: FileOffset | null): Promise<FileOffset> {
    const at = from?.logOffset ?? -1
    this.#forgetAbove(at)
    if (this.#needsListing() && !this.#standsStill()) this.#keep(this.#seen.fresh(await this.#list()))
    const lot: ListedFile[] = []
    let bytes = 0
    for (; this.#next < this.#waiting.length; this.#next++) {
      const file = this.#waiting[this.#next]!
      if (lot.length >= this.#maxFiles || (lot.length > 0 && bytes + file.size > this.#maxBytes)) break
      lot.push(file)
      bytes += file.size
    }
    if (lot.length === 0) return { logOffset: at }
    for (const file of lot) this.#seen.add(file)
    this.#seen.purge()
    this.#ctx.log.append(
      at + 1,
      lot.map((f) => ({ path: f.path, timestamp: f.timestamp, size: f.size })),
    )
    return { logOffset: at + 1 }
  }

  /** A lot whose offset was never used is taken back: its files are new again. */
  #forgetAbove(offset: number): void {
    const { log } = this.#ctx
    if (log.last() <= offset) return
    const back = log.read(offset, log.last()) as unknown as ListedFile[]
    for (const file of back) this.#seen.remove(file)
    log.truncate(offset)
    this.#watch.reset()
    if (this.#frozen) this.#keep([...back, ...this.#waiting.slice(this.#next)])
    else this.#keep([])
  }

  /** Whether a listing would find what the last one found, all of which was kept. */
  #standsStill(): boolean {
    return !this.#isGlob && this.#keptAll && this.#watch.unchanged()
  }

  /** Whether the files kept are not enough to go on with. */
  #needsListing(): boolean {
    if (this.#frozen) return false
    const left = this.#waiting.length - this.#next
    // The newest come first: nobody knows them without looking.
    if (left === 0 || this.#latestFirst) return true
    return this.#maxFiles !== Infinity && left < this.#maxFiles * Number(this.#options['discardCachedInputRatio'])
  }

  /** Puts the files found in order; of those not taken at once only some are kept. */
  #keep(files: ListedFile[]): void {
    files.sort(this.#latestFirst ? (x, y) => byAge(y, x) : byAge)
    if (this.#options['fileNameOnly'] === true) {
      const names = new Set<string>()
      files = files.filter((f) => !names.has(this.#key(f.path)) && names.add(this.#key(f.path)))
    }
    const most = Number(this.#options['maxCachedFiles']) + this.#maxFiles
    this.#waiting = this.#frozen || this.#maxFiles === Infinity || files.length <= most ? files : files.slice(0, most)
    this.#keptAll = this.#waiting.length === files.length
    this.#next = 0
  }

  #list(): Promise<ListedFile[]> {
    this.#seen.beginListing()
    this.#watch.begin()
    return listFilesInSlices(String(this.#options['path']), {
      ...this.#listOptions,
      known: (file) => this.#seen.knows(file),
      onDirectory: (dir, mtimeMs) => this.#watch.note(dir, mtimeMs),
    })
  }

  read(from: FileOffset | null, to: FileOffset): Iterable<Batch> | AsyncIterable<Batch> {
    const entries = this.#ctx.log.read(from?.logOffset ?? -1, to.logOffset) as unknown as ListedFile[]
    const files = to.logOffset <= this.#takenBefore ? entries.map(asItIsNow) : entries
    return files.some((f) => isGzip(f.path)) ? this.#readAny(files) : this.#readPlain(files)
  }

  *#readPlain(files: readonly ListedFile[]): Generator<Batch> {
    for (const file of files) {
      if (this.#ctx.signal.aborted) return
      const plan = this.#rows.plan(file)
      if (plan === null) continue
      for (const batch of this.#rows.reader.read(file, plan.decoder)) {
        this.#given += batch.rowCount
        if (batch.rowCount > 0) yield plan.complete(batch)
        else if (this.#ctx.bad !== undefined) yield batch
      }
    }
  }

  async *#readAny(files: readonly ListedFile[]): AsyncGenerator<Batch> {
    for (const file of files) {
      if (!isGzip(file.path)) yield* this.#readPlain([file])
      else {
        if (this.#ctx.signal.aborted) return
        const plan = this.#rows.plan(file)
        if (plan === null) continue
        for await (const batch of this.#rows.reader.readGzip(file, plan.decoder)) {
          this.#given += batch.rowCount
          if (batch.rowCount > 0) yield plan.complete(batch)
          else if (this.#ctx.bad !== undefined) yield batch
        }
      }
    }
  }

  takeMetrics(): SourceMetrics {
    const { droppedRows, slowRows } = this.#rows
    const rowsRead = this.#given + droppedRows - this.#droppedBefore
    const metrics = slowRows === undefined ? { rowsRead } : { rowsRead, slowRows: slowRows - this.#slowBefore }
    this.#given = 0
    this.#droppedBefore = droppedRows
    this.#slowBefore = slowRows ?? 0
    return metrics
  }

  /** Cleans up after the lots up to `to`; those of an earlier life that had no time to are made up for. */
  commit(to: FileOffset): void {
    if (this.#clean === null) return
    const done = this.#ctx.metadata.get(CLEANED)
    const from = typeof done === 'number' ? done : -1
    if (to.logOffset <= from) return
    for (const entry of this.#ctx.log.read(from, to.logOffset)) this.#clean((entry as unknown as ListedFile).path)
    this.#ctx.metadata.set(CLEANED, to.logOffset)
  }

  async prepareAvailableNow(): Promise<void> {
    this.#keep([])
    const found = this.#seen.fresh(await this.#list())
    this.#frozen = true
    this.#keep(found)
  }

  /** Names, sizes and modification times of the files. */
  async changeToken(): Promise<string> {
    const files = await listFilesInSlices(String(this.#options['path']), this.#listOptions)
    const hash = createHash('sha256')
    for (const f of files.sort(byAge)) hash.update(`${f.path}\0${f.size}\0${f.timestamp}\0`)
    return hash.digest('hex')
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** A listed file with the size it has now; one that is gone or no file any more is left to the reader to report. */
function asItIsNow(file: ListedFile): ListedFile {
  const stat = fs.statSync(file.path, { throwIfNoEntry: false })
  return stat?.isFile() ? { ...file, size: stat.size } : file
}
