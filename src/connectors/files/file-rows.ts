import path from 'node:path'
import { Batch } from '../../columns/batch.ts'
import { constantVector } from '../../columns/constant.ts'
import type { Vector } from '../../columns/vector.ts'
import type { DecodePredicate } from '../../formats/decode-plan.ts'
import type { BadRecord, LineDecoder } from '../../formats/line-decoder.ts'
import { MALFORMED } from '../../formats/malformed.ts'
import type { Field, Schema } from '../../types/data-type.ts'
import { decodeLiteral } from '../../types/literal.ts'
import type { Value } from '../../types/value.ts'
import { type BadRecordPolicy, badRecordsOf, checkBadRecordSink } from '../bad-records.ts'
import type { Options, SourceContext } from '../provider.ts'
import type { FileFormat } from './file-format.ts'
import type { ListedFile } from './listing.ts'
import { fileMetadata, METADATA_COLUMN } from './metadata-columns.ts'
import {
  discoverPartitions,
  partitionBases,
  PartitionReader,
  partitionTexts,
  type PartitionTexts,
} from './partitions.ts'
import { LineReader } from './read-lines.ts'

/** Decoder of files with one set of partition columns, and how its columns become those of the source. */
interface Shape {
  readonly decoder: LineDecoder
  /** By column of the source: the decoder's column, or -1. */
  readonly from: readonly number[]
  /** Columns of the decoder. */
  readonly width: number
}

/**
 * Reads files of one format as rows of a source: the columns in the file by the format's decoder, partition columns
 * from the directories, `_metadata` from the listing.
 */
export class FileRows {
  readonly reader: LineReader
  readonly #format: FileFormat
  readonly #options: Options
  readonly #ctx: SourceContext
  readonly #declared: Schema
  readonly #shapes = new Map<string, Shape>()
  readonly #bases: readonly string[]
  /** Partition columns met so far, in lower case. */
  readonly #partitioned = new Set<string>()
  readonly #partitions: PartitionReader
  readonly #ignoresPartitions: boolean
  readonly #predicates: readonly DecodePredicate[]
  readonly #policy: BadRecordPolicy | null

  constructor(format: FileFormat, options: Options, ctx: SourceContext) {
    checkBadRecordSink(format.format, options, ctx.bad)
    this.#policy = badRecordsOf(format.format, options)
    this.#format = format
    this.#options = options
    this.#ctx = ctx
    this.#declared = ctx.declared ?? ctx.schema
    this.reader = new LineReader(ctx.mayReuse === true)
    this.#partitions = new PartitionReader(ctx.timeZone)
    this.#ignoresPartitions = options['recursiveFileLookup'] === true
    this.#predicates = ctx.plan.predicates.filter((p) => p.column.length === 1)
    const location = String(options['path'])
    const basePath = options['basePath'] === undefined ? undefined : String(options['basePath'])
    this.#bases = partitionBases(location, basePath)
    if (this.#ignoresPartitions) return
    for (const f of discoverPartitions(location, basePath, ctx.timeZone)) this.#partitioned.add(f.name.toLowerCase())
  }

  /** Rows since the beginning that predicates left out, and that no fast way could read. */
  get droppedRows(): number {
    return sum([...this.#shapes.values()].map((s) => s.decoder.droppedRows ?? 0))
  }
  get slowRows(): number | undefined {
    const counts = [...this.#shapes.values()].map((s) => s.decoder.slowRows)
    return counts.includes(undefined) ? undefined : sum(counts as number[])
  }

  /** How to read a file; null when no row of it can be wanted. */
  plan(file: ListedFile): { readonly decoder: LineDecoder; readonly complete: (batch: Batch) => Batch } | null {
    const texts = this.#texts(file)
    for (const name of texts.keys()) this.#partitioned.add(name.toLowerCase())
    const shape = this.#shape()
    const { schema } = this.#ctx
    const constants = schema.fields.map((f, i) => (shape.from[i]! >= 0 ? undefined : this.#constant(f, texts, file)))
    if (this.#predicates.some((p) => this.#rules(p, constants))) return null
    if (
      constants.every((c) => c === undefined) &&
      shape.width === schema.fields.length &&
      shape.from.every((at, i) => at === i)
    )
      return { decoder: shape.decoder, complete: (b) => b }
    const made: Vector[][] = []
    const complete = (batch: Batch): Batch => {
      const columns = schema.fields.map((f, i) => {
        const value = constants[i]
        if (value === undefined) return batch.columns[shape.from[i]!]!
        // Batches mostly have one of two lengths.
        const known = (made[i] ??= []).find((v) => v.length === batch.length)
        if (known !== undefined) return known
        const fresh = constantVector(f.type, value, batch.length)
        made[i]!.push(fresh)
        return fresh
      })
      return new Batch(schema, columns, batch.length, batch.selection)
    }
    return { decoder: shape.decoder, complete }
  }

  #texts(file: ListedFile): PartitionTexts {
    const base = this.#ignoresPartitions ? undefined : this.#bases.find((b) => file.path.startsWith(b))
    return base === undefined ? new Map() : partitionTexts(base, path.dirname(file.path))
  }

  #constant(f: Field, texts: PartitionTexts, file: ListedFile): Value {
    if (f.name === METADATA_COLUMN && f.type.kind === 'struct') return fileMetadata(file, f.type)
    const name = f.name.toLowerCase()
    const text = [...texts].find(([key]) => key.toLowerCase() === name)?.[1] ?? null
    return this.#partitions.read(f, text, file.path)
  }

  /** The decoder for the partition columns met so far. */
  #shape(): Shape {
    const key = [...this.#partitioned].sort().join('/')
    const known = this.#shapes.get(key)
    if (known !== undefined) return known
    const inFile = (f: Field): boolean => f.name !== METADATA_COLUMN && !this.#partitioned.has(f.name.toLowerCase())
    const declared = { fields: this.#declared.fields.filter(inFile) }
    const wanted = {
      fields: this.#ctx.schema.fields.filter((f) => inFile(f) && declared.fields.some((d) => d.name === f.name)),
    }
    const needed = this.#format.needed(wanted, declared, this.#options)
    const decoder = this.#format.decoder(needed, declared, this.#ctx.plan, this.#options, {
      mayReuse: this.#ctx.mayReuse === true,
      timeZone: this.#ctx.timeZone,
      place: (line) => `${this.reader.path}, line ${this.reader.linesBefore + line}`,
      judgesAll: this.#policy !== null,
      ...(this.#ctx.bad === undefined ? {} : { onBad: (record) => this.#bad(record) }),
    })
    const shape = {
      decoder,
      width: needed.fields.length,
      from: this.#ctx.schema.fields.map((f) => needed.fields.indexOf(f)),
    }
    this.#shapes.set(key, shape)
    return shape
  }

  #bad({ reason, line, bytes }: BadRecord): void {
    const { bad } = this.#ctx
    if (this.#policy !== 'sink') return bad?.count()
    const position = `${this.reader.path}:${this.reader.linesBefore + line}`
    bad?.send({ condition: MALFORMED, reason, position, raw: Uint8Array.from(bytes) })
  }

  /** Whether a predicate on a partition column rules the whole file out. */
  #rules(p: DecodePredicate, constants: readonly (Value | undefined)[]): boolean {
    const i = this.#ctx.schema.fields.findIndex((f) => f.name.toLowerCase() === p.column[0]!.toLowerCase())
    const value = i < 0 ? undefined : constants[i]
    if (value === undefined) return false
    if (p.op === 'isnull' || p.op === 'isnotnull') return (value === null) !== (p.op === 'isnull')
    if (value === null) return true
    const wanted = decodeLiteral(p.literal, this.#ctx.schema.fields[i]!.type)
    if (
      typeof value !== typeof wanted ||
      (typeof value !== 'number' && typeof value !== 'bigint' && typeof value !== 'string')
    )
      return false
    if (p.op === '=') return value !== wanted
    if (p.op === '<>') return value === wanted
    if (typeof value === 'string') return false
    const w = wanted as number | bigint
    return !(p.op === '<' ? value < w : p.op === '<=' ? value <= w : p.op === '>' ? value > w : value >= w)
  }
}

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0)
