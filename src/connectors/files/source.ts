/**
 * json and text files: a directory, file or glob; each file is read once, in order of modification time, then name.
 *
 *   offset   {logOffset}: number of the last lot of files taken; the lots stand in the source's log
 *   replay   native: a lot lists its files with their sizes; a file is read up to the size it had when it was listed,
 *            but in a batch that runs again after a restart as it is then, so that a mended file counts
 */
import fs from 'node:fs'
import path from 'node:path'
import type { Batch } from '../../columns/batch.ts'
import { AnalysisError, OptionError } from '../../errors/errors.ts'
import { jsonDecoder } from '../../formats/json/decode.ts'
import type { LineDecoder, LineDecoderOptions, ParseMode } from '../../formats/line-decoder.ts'
import { textDecoder, TEXT_SCHEMA } from '../../formats/text/decode.ts'
import { defineSource, type OptionSpecs, type Options, type Source, type SourceContext } from '../provider.ts'
import { refuseSchema } from '../refuse-schema.ts'
import { checkPath, listFiles, type ListedFile, plainPath } from './listing.ts'
import { LineReader } from './read-lines.ts'

const FILE_OPTIONS: OptionSpecs = {
  path: { type: 'string', doc: 'Directory, file or glob.', required: true },
  maxFilesPerTrigger: { type: 'int', doc: 'At most this many new files in one batch.' },
  maxBytesPerTrigger: {
    type: 'bytes',
    doc: 'Files of one batch are taken until this many bytes are reached; one file at least.',
  },
  latestFirst: { type: 'boolean', default: false, doc: 'Take the newest files first.' },
  fileNameOnly: { type: 'boolean', default: false, doc: 'Know a file again by its name alone, not its path.' },
  pathGlobFilter: { type: 'string', doc: 'Only files whose names match this glob.' },
  recursiveFileLookup: { type: 'boolean', default: false, doc: 'Look into directories below.' },
}

export const jsonSource = defineSource({
  format: 'json',
  doc: 'JSON lines in files: one object a line.',
  options: {
    ...FILE_OPTIONS,
    mode: {
      type: 'string',
      default: 'FAILFAST',
      doc: 'What a corrupt line does: FAILFAST ends the query, DROPMALFORMED leaves it out, PERMISSIVE reads NULLs.',
    },
  },
  replay: 'native',
  supports: ['batch', 'stream'],
  schema(options, declared) {
    modeOf(options)
    checkPath(String(options['path']))
    if (declared === null)
      throw new AnalysisError(
        'UNABLE_TO_INFER_SCHEMA',
        { format: 'json files' },
        { hint: "call schema('a INT, b STRING') before load()" },
      )
    return declared
  },
  open(options, ctx) {
    const decoder = (o: LineDecoderOptions): LineDecoder =>
      jsonDecoder(ctx.schema, ctx.plan, { ...o, mode: modeOf(options) })
    return Promise.resolve(new FileSource(options, ctx, decoder))
  },
  describe,
})

export const textSource = defineSource({
  format: 'text',
  doc: 'Lines of text files: one column, value STRING.',
  options: FILE_OPTIONS,
  replay: 'native',
  supports: ['batch', 'stream'],
  schema(options, declared) {
    checkPath(String(options['path']))
    const only = declared?.fields.length === 1 && declared.fields[0]!.type.kind === 'string'
    return only ? declared : refuseSchema('text', TEXT_SCHEMA, declared)
  },
  open: (options, ctx) => Promise.resolve(new FileSource(options, ctx, () => textDecoder(ctx.schema))),
  describe,
})

function describe(options: Options): string {
  return `FileStreamSource[file:${plainPath(String(options['path']))}]`
}

function modeOf(options: Options): ParseMode {
  const mode = String(options['mode']).toUpperCase()
  if (mode === 'FAILFAST' || mode === 'DROPMALFORMED' || mode === 'PERMISSIVE') return mode
  const expected = 'FAILFAST, DROPMALFORMED or PERMISSIVE'
  throw new OptionError('OPTION_INVALID', { format: 'json', option: 'mode', value: String(options['mode']), expected })
}

/** An offset of a file source. */
export type FileOffset = { readonly logOffset: number }

class FileSource implements Source<FileOffset> {
  readonly #options: Options
  readonly #ctx: SourceContext
  readonly #reader = new LineReader()
  readonly #decoder: LineDecoder
  readonly #seen = new Set<string>()
  readonly #maxFiles: number
  readonly #maxBytes: number
  /** The last lot of files an earlier life took: its batch may have failed on what one of them held. */
  readonly #takenBefore: number
  /** What prepareAvailableNow found. */
  #frozen: ListedFile[] | null = null

  constructor(options: Options, ctx: SourceContext, decoder: (options: LineDecoderOptions) => LineDecoder) {
    this.#options = options
    this.#ctx = ctx
    this.#maxFiles = this.#limit('maxFilesPerTrigger')
    this.#maxBytes = this.#limit('maxBytesPerTrigger')
    if (this.#maxFiles !== Infinity && this.#maxBytes !== Infinity)
      throw new OptionError('OPTION_INVALID', {
        format: 'files',
        option: 'maxBytesPerTrigger',
        value: this.#maxBytes,
        expected: 'no other limit beside maxFilesPerTrigger',
      })
    this.#decoder = decoder({
      timeZone: ctx.timeZone,
      place: (line) => `${this.#reader.path}, line ${this.#reader.linesBefore + line}`,
    })
    this.#takenBefore = ctx.log.last()
    for (const { entry } of ctx.log.all()) this.#seen.add(this.#key((entry as unknown as ListedFile).path))
  }

  #limit(option: string): number {
    const value = this.#options[option]
    if (value === undefined || this.#ctx.streaming === false) return Infinity
    if (Number(value) < 1)
      throw new OptionError('OPTION_INVALID', {
        format: 'files',
        option,
        value: value as number,
        expected: 'a number from 1',
      })
    return Number(value)
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
    const fresh = this.#newFiles()
    const lot: ListedFile[] = []
    let bytes = 0
    for (const file of fresh) {
      if (lot.length >= this.#maxFiles || (lot.length > 0 && bytes + file.size > this.#maxBytes)) break
      lot.push(file)
      bytes += file.size
    }
    if (lot.length === 0) return { logOffset: at }
    for (const file of lot) this.#seen.add(this.#key(file.path))
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
    for (const entry of log.read(offset, log.last()))
      this.#seen.delete(this.#key((entry as unknown as ListedFile).path))
    log.truncate(offset)
  }

  #newFiles(): ListedFile[] {
    const fresh = (this.#frozen ?? this.#list()).filter((f) => !this.#seen.has(this.#key(f.path)))
    const direction = this.#options['latestFirst'] === true ? -1 : 1
    fresh.sort((x, y) => (x.timestamp - y.timestamp || (x.path < y.path ? -1 : 1)) * direction)
    if (this.#options['fileNameOnly'] !== true) return fresh
    const names = new Set<string>()
    return fresh.filter((f) => !names.has(this.#key(f.path)) && names.add(this.#key(f.path)))
  }

  #list(): ListedFile[] {
    const glob = this.#options['pathGlobFilter']
    return listFiles(String(this.#options['path']), {
      recursive: this.#options['recursiveFileLookup'] === true,
      nameGlob: glob === undefined ? undefined : String(glob),
    })
  }

  *read(from: FileOffset | null, to: FileOffset): Generator<Batch> {
    for (const entry of this.#ctx.log.read(from?.logOffset ?? -1, to.logOffset)) {
      if (this.#ctx.signal.aborted) return
      const file = entry as unknown as ListedFile
      yield* this.#reader.read(to.logOffset <= this.#takenBefore ? asItIsNow(file) : file, this.#decoder)
    }
  }

  async prepareAvailableNow(): Promise<void> {
    this.#frozen = this.#list()
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
