/**
 * Files: each batch is one file part-<batch>-0.<format> in a directory, or one in each partition directory below it.
 *
 *   kind   idempotent: a batch is written under hidden names and renamed, so a rerun replaces its files; what a lost
 *          run left of batches after the last commit is removed at the start
 *
 * A bounded write makes files of its own name, which no query takes for its own, and an empty file _SUCCESS.
 */
import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'
import type { Batch } from '../../columns/batch.ts'
import { CheckpointError, ExecutionError, MillraceError } from '../../errors/errors.ts'
import { defineSink, type Options, type Sink, type SinkContext, type SinkProvider } from '../provider.ts'
import { isDirectory, plainPath } from './listing.ts'
import { Partitioner } from './partitioner.ts'
import {
  arrowWriting,
  compresses,
  csvWriting,
  type FileEncoder,
  jsonWriting,
  textWriting,
  type WriteFormat,
} from './write-formats.ts'

export const jsonSink = fileSink(jsonWriting)
export const csvSink = fileSink(csvWriting)
export const textSink = fileSink(textWriting)
export const arrowSink = fileSink(arrowWriting)

function fileSink(format: WriteFormat): SinkProvider {
  return defineSink({
    format: format.format,
    doc: format.doc,
    options: {
      path: { type: 'string', doc: 'Directory; made if it is not there.', required: true },
      compression: {
        type: 'string',
        default: 'none',
        doc: 'Compression of the files: none, or gzip for files that end in .gz.',
      },
      fsync: { type: 'boolean', default: true, doc: 'Force each file to the disk before the batch is committed.' },
      ...format.options,
    },
    kind: 'idempotent',
    rollsBack: true,
    releases: true,
    partitions: true,
    modes: ['append', 'changelog'],
    open: (options, ctx) => Promise.resolve(new FileSink(format, options, ctx)),
    exists: (options) => fs.existsSync(plainPath(String(options['path']))),
    describe: (options) => `FileSink[${plainPath(String(options['path']))}]`,
  })
}

const OWNER = '.millrace-query'
/** Bytes gathered before they are written: few enough to be in the cache still. */
const FLUSH = 512 << 10
/** Files of a batch held open at once. */
const MOST_OPEN = 64

/** A file of the running batch. */
interface Part {
  /** Its directory below that of the sink. */
  readonly dir: string
  readonly final: string
  readonly hidden: string
  /** Bytes of other partitions' rows come between: they are kept until the next flush. */
  pending: Buffer[]
  fd: number | null
  /** The hidden file is there. */
  begun: boolean
}

class FileSink implements Sink {
  readonly #format: WriteFormat
  readonly #options: Options
  readonly #dir: string
  readonly #fsync: boolean
  readonly #gzip: boolean
  readonly #encoder: FileEncoder
  readonly #extension: string
  readonly #partitioner: Partitioner
  /** Of a bounded write, which no rerun has to find again. */
  readonly #once: string | null
  readonly #overwrites: boolean
  readonly #part: RegExp
  readonly #pendingPart: RegExp
  #batchId = -1
  readonly #parts = new Map<string, Part>()
  #waiting = 0
  #open = 0
  /** Files of the batch this object wrote last: a rerun without them removes them. */
  #lastFiles: { readonly batchId: number; readonly files: ReadonlySet<string> } | null = null

  constructor(format: WriteFormat, options: Options, ctx: SinkContext) {
    this.#format = format
    this.#options = options
    this.#dir = plainPath(String(options['path']))
    this.#fsync = options['fsync'] === true
    this.#gzip = compresses(format.format, options)
    this.#once = ctx.bounded === true ? ctx.queryId : null
    this.#overwrites = ctx.save === 'overwrite'
    this.#extension = format.extensionOf?.(options) ?? format.extension
    this.#part = new RegExp(`^part-(\\d{5,})-\\d+\\.${this.#extension}(?:\\.gz)?$`)
    this.#pendingPart = new RegExp(`^\\.part-(\\d{5,})-\\d+\\.${this.#extension}(?:\\.gz)?\\.tmp$`)
    this.#partitioner = new Partitioner(ctx.schema, ctx.partitionBy ?? [], ctx.timeZone)
    format.check(this.#partitioner.schema, options)
    this.#encoder = format.encoder(this.#partitioner.schema, options, ctx.timeZone)
    this.#try(this.#dir, () => {
      if (this.#overwrites && fs.existsSync(this.#dir) && !isDirectory(this.#dir)) fs.rmSync(this.#dir)
      fs.mkdirSync(this.#dir, { recursive: true })
      if (this.#once === null) this.#claim(ctx)
      else if (this.#overwrites && fs.existsSync(path.join(this.#dir, OWNER)))
        this.#refuse('a query writes there; its files are not to be overwritten')
    })
  }

  #refuse(hint: string): never {
    throw new CheckpointError('SINK_DIRECTORY_IN_USE', { path: this.#dir }, { hint })
  }

  /** One query a directory: its files are named by batch, another query's would be taken for them. */
  #claim(ctx: SinkContext): void {
    const owner = path.join(this.#dir, OWNER)
    const known = fs.existsSync(owner) ? fs.readFileSync(owner, 'utf8').trim() : null
    for (const file of this.#ownFiles(this.#dir)) {
      if (known !== ctx.queryId)
        this.#refuse('choose an empty directory, or start with the checkpoint the files belong to')
      const name = path.basename(file)
      const batch = Number((this.#part.exec(name) ?? this.#pendingPart.exec(name))![1])
      if (this.#pendingPart.test(name) || batch > ctx.lastCommittedBatch) fs.rmSync(file)
    }
    if (known !== ctx.queryId) fs.writeFileSync(owner, `${ctx.queryId}\n`)
  }

  /** The files named as those of a query, in the directory and its partition directories. */
  *#ownFiles(dir: string): Generator<string> {
    for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
      const full = path.join(dir, entry.name)
      if (entry.isDirectory()) {
        if (entry.name.includes('=')) yield* this.#ownFiles(full)
      } else if (this.#part.test(entry.name) || this.#pendingPart.test(entry.name)) yield full
    }
  }

  #begin(dir: string): Part {
    const unique = this.#once === null ? `${String(this.#batchId).padStart(5, '0')}-0` : `once-${this.#once}`
    const name = `part-${unique}.${this.#extension}${this.#gzip ? '.gz' : ''}`
    const at = path.join(this.#dir, dir)
    const part: Part = {
      dir,
      final: path.join(at, name),
      hidden: path.join(at, `.${name}.tmp`),
      pending: [],
      fd: null,
      begun: false,
    }
    this.#parts.set(dir, part)
    this.#turnTo(part)
    this.#encoder.header?.()
    return part
  }

  /** What is encoded from here on goes to that part. */
  #turnTo(part: Part): void {
    if (this.#current === part) return
    this.#flushEncoder()
    this.#current = part
    this.#encoder.use?.(part.dir)
  }

  begin(batchId: number): void {
    this.#discard()
    this.#batchId = batchId
  }

  /** The part whose rows the encoder holds. */
  #current: Part | null = null

  add(batch: Batch): void {
    for (const [dir, rows] of this.#partitioner.split(batch)) {
      if (rows.rowCount === 0) continue
      const part = this.#parts.get(dir) ?? this.#begin(dir)
      this.#turnTo(part)
      this.#encoder.encode(rows)
      if (this.#waiting + this.#encoder.length >= FLUSH) this.#flush()
    }
  }

  /** Hands what the encoder holds to its part. */
  #flushEncoder(): void {
    if (this.#encoder.length === 0 || this.#current === null) return
    const bytes = Buffer.from(this.#encoder.take())
    this.#current.pending.push(bytes)
    this.#waiting += bytes.length
  }

  /** Writes everything that waits. */
  #flush(): void {
    if (this.#parts.size === 1 && this.#waiting === 0 && this.#current !== null)
      this.#write(this.#current, this.#encoder.take())
    else {
      this.#flushEncoder()
      for (const part of this.#parts.values()) {
        if (part.pending.length === 0) continue
        this.#write(part, part.pending.length === 1 ? part.pending[0]! : Buffer.concat(part.pending))
        part.pending = []
      }
    }
    this.#waiting = 0
  }

  #write(part: Part, rows: Buffer): void {
    if (rows.length === 0) return
    const lineSep = this.#format.lineSep(this.#options)
    // JSON text holds no newline but those between rows.
    const text = lineSep === null ? rows : Buffer.from(rows.toString('utf8').replaceAll('\n', lineSep))
    const bytes = this.#gzip ? zlib.gzipSync(text) : text
    this.#try(part.hidden, () => {
      if (!part.begun) fs.mkdirSync(path.dirname(part.hidden), { recursive: true })
      if (part.fd === null) {
        part.fd = fs.openSync(part.hidden, part.begun ? 'a' : 'w')
        this.#open++
      }
      part.begun = true
      for (let done = 0; done < bytes.length;) done += fs.writeSync(part.fd, bytes, done, bytes.length - done)
      if (this.#open > MOST_OPEN) this.#close(part)
    })
  }

  #close(part: Part): void {
    if (part.fd === null) return
    const { fd } = part
    part.fd = null
    this.#open--
    fs.closeSync(fd)
  }

  finish(): void {
    // A header tells the columns where there are no rows too.
    const tells = this.#encoder.header !== undefined || this.#encoder.footer !== undefined
    if (this.#once !== null && this.#parts.size === 0 && tells && this.#partitioner.columns === 0) this.#begin('')
    if (this.#encoder.footer !== undefined)
      for (const part of this.#parts.values()) {
        this.#turnTo(part)
        this.#encoder.footer()
      }
    this.#flush()
    const files = new Set<string>()
    this.#try(this.#dir, () => {
      for (const part of this.#parts.values()) {
        if (!part.begun) continue
        if (this.#fsync) {
          part.fd ??= fs.openSync(part.hidden, 'r+')
          fs.fsyncSync(part.fd)
        }
        this.#close(part)
      }
      if (this.#overwrites) this.#clear()
      const directories = new Set([this.#dir])
      for (const part of this.#parts.values()) {
        if (!part.begun) continue
        fs.renameSync(part.hidden, part.final)
        files.add(part.final)
        for (let dir = path.dirname(part.final); dir.length > this.#dir.length; dir = path.dirname(dir))
          directories.add(dir)
      }
      this.#removeStale(files)
      if (this.#once !== null) fs.writeFileSync(path.join(this.#dir, '_SUCCESS'), '')
      if (this.#fsync) for (const dir of directories) syncDirectory(dir)
    })
    this.#parts.clear()
    this.#encoder.reset?.()
    this.#current = null
    this.#open = 0
    this.#lastFiles = { batchId: this.#batchId, files }
  }

  /** What an earlier run of the batch wrote and this one did not goes. */
  #removeStale(files: ReadonlySet<string>): void {
    if (this.#once !== null) return
    if (this.#lastFiles?.batchId === this.#batchId) {
      for (const file of this.#lastFiles.files) if (!files.has(file)) fs.rmSync(file, { force: true })
    } else if (files.size === 0) {
      const stale = path.join(
        this.#dir,
        `part-${String(this.#batchId).padStart(5, '0')}-0.${this.#extension}${this.#gzip ? '.gz' : ''}`,
      )
      fs.rmSync(stale, { force: true })
    }
  }

  /** Removes all but the files about to be renamed. */
  #clear(): void {
    const fresh = new Set([...this.#parts.values()].map((p) => p.hidden))
    const clear = (dir: string): boolean => {
      let empty = true
      for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
        const full = path.join(dir, entry.name)
        if (fresh.has(full)) empty = false
        else if (!entry.isDirectory()) fs.rmSync(full)
        else if (clear(full)) fs.rmdirSync(full)
        else empty = false
      }
      return empty
    }
    clear(this.#dir)
  }

  abort(): void {
    this.#discard()
  }

  close(): Promise<void> {
    this.#discard()
    return Promise.resolve()
  }

  /** Drops what was begun; nothing of it is visible. */
  #discard(): void {
    this.#encoder.take()
    this.#encoder.reset?.()
    this.#waiting = 0
    this.#current = null
    for (const part of this.#parts.values()) {
      this.#close(part)
      if (part.begun) fs.rmSync(part.hidden, { force: true })
    }
    this.#parts.clear()
  }

  #try(at: string, body: () => void): void {
    try {
      body()
    } catch (cause) {
      if (cause instanceof MillraceError) throw cause
      this.#discard()
      const { code, message } = cause as NodeJS.ErrnoException
      const hint =
        code === 'ENOSPC'
          ? 'the disk is full: make room and start the query again, it goes on where it stopped'
          : undefined
      throw new ExecutionError('TASK_WRITE_FAILED', { path: at, message }, { cause, hint })
    }
  }
}

function syncDirectory(dir: string): void {
  const fd = fs.openSync(dir, 'r')
  try {
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}
