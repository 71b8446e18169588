/**
 * json files: each batch is one file part-<batch>-0.json in a directory.
 *
 *   kind   idempotent: a batch is written under a hidden name and renamed, so a rerun replaces its file; what a lost
 *          run left of batches after the last commit is removed at the start
 */
import fs from 'node:fs'
import path from 'node:path'
import type { Batch } from '../../columns/batch.ts'
import { CheckpointError, ExecutionError } from '../../errors/errors.ts'
import { type JsonEncoder, jsonEncoder } from '../../formats/json/encode.ts'
import { defineSink, type Options, type Sink, type SinkContext } from '../provider.ts'
import { plainPath } from './listing.ts'

export const jsonSink = defineSink({
  format: 'json',
  doc: 'Writes JSON lines into files of a directory, one file a batch.',
  options: {
    path: { type: 'string', doc: 'Directory; made if it is not there.', required: true },
    ignoreNullFields: { type: 'boolean', default: true, doc: 'Leave NULL columns out of the objects.' },
    fsync: { type: 'boolean', default: true, doc: 'Force each file to the disk before the batch is committed.' },
  },
  kind: 'idempotent',
  releases: true,
  modes: ['append'],
  open: (options, ctx) => Promise.resolve(new JsonFileSink(options, ctx)),
  describe: (options) => `FileSink[${plainPath(String(options['path']))}]`,
})

const OWNER = '.millrace-query'
const PART = /^part-(\d{5,})-\d+\.json$/
const PENDING = /^\.part-(\d{5,})-\d+\.json\.tmp$/
/** Bytes gathered before they are written: few enough to be in the cache still. */
const FLUSH = 512 << 10

class JsonFileSink implements Sink {
  readonly #dir: string
  readonly #fsync: boolean
  readonly #encoder: JsonEncoder
  /** Of a bounded write, which no rerun has to find again. */
  readonly #once: string | null
  #batchId = -1
  #fd: number | null = null

  constructor(options: Options, ctx: SinkContext) {
    this.#dir = plainPath(String(options['path']))
    this.#fsync = options['fsync'] === true
    this.#once = ctx.bounded === true ? ctx.queryId : null
    this.#encoder = jsonEncoder(ctx.schema, {
      timeZone: ctx.timeZone,
      ignoreNullFields: options['ignoreNullFields'] === true,
    })
    this.#try(this.#dir, () => {
      fs.mkdirSync(this.#dir, { recursive: true })
      if (this.#once === null) this.#claim(ctx)
    })
  }

  /** One query a directory: its files are named by batch, another query's would be taken for them. */
  #claim(ctx: SinkContext): void {
    const owner = path.join(this.#dir, OWNER)
    const names = fs.readdirSync(this.#dir)
    const parts = names.filter((n) => PART.test(n) || PENDING.test(n))
    const known = names.includes(OWNER) ? fs.readFileSync(owner, 'utf8').trim() : null
    if (parts.length > 0 && known !== ctx.queryId) {
      const hint = 'choose an empty directory, or start with the checkpoint the files belong to'
      throw new CheckpointError('SINK_DIRECTORY_IN_USE', { path: this.#dir }, { hint })
    }
    for (const name of parts) {
      const batch = Number((PART.exec(name) ?? PENDING.exec(name))![1])
      if (PENDING.test(name) || batch > ctx.lastCommittedBatch) fs.rmSync(path.join(this.#dir, name))
    }
    if (known !== ctx.queryId) fs.writeFileSync(owner, `${ctx.queryId}\n`)
  }

  get #name(): string {
    return this.#once === null ? `part-${String(this.#batchId).padStart(5, '0')}-0.json` : `part-once-${this.#once}.json`
  }
  get #final(): string {
    return path.join(this.#dir, this.#name)
  }
  get #hidden(): string {
    return path.join(this.#dir, `.${this.#name}.tmp`)
  }

  begin(batchId: number): void {
    this.#discard()
    this.#batchId = batchId
  }

  add(batch: Batch): void {
    this.#encoder.encode(batch)
    if (this.#encoder.length >= FLUSH) this.#flush()
  }

  #flush(): void {
    const bytes = this.#encoder.take()
    this.#try(this.#hidden, () => {
      this.#fd ??= fs.openSync(this.#hidden, 'w')
      for (let done = 0; done < bytes.length;) done += fs.writeSync(this.#fd, bytes, done, bytes.length - done)
    })
  }

  finish(): void {
    if (this.#encoder.length > 0) this.#flush()
    const fd = this.#fd
    this.#try(this.#final, () => {
      if (fd === null) {
        // No rows: what an earlier run of the batch wrote goes.
        fs.rmSync(this.#final, { force: true })
        return
      }
      if (this.#fsync) fs.fsyncSync(fd)
      this.#fd = null
      fs.closeSync(fd)
      fs.renameSync(this.#hidden, this.#final)
      if (this.#fsync) syncDirectory(this.#dir)
    })
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
    const fd = this.#fd
    if (fd === null) return
    this.#fd = null
    fs.closeSync(fd)
    fs.rmSync(this.#hidden, { force: true })
  }

  #try(at: string, body: () => void): void {
    try {
      body()
    } catch (cause) {
      if (cause instanceof CheckpointError) throw cause
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
