import type { Row } from '../columns/row.ts'
import type { Timestamp } from '../columns/timestamp.ts'
import type { RowOf, SchemaInput } from '../columns/typed-row.ts'
import { durationOf, validateOptions } from '../connectors/options.ts'
import { takeRefresh } from '../connectors/refresh.ts'
import { LiveInput, type LiveOptions, type LiveOrigin } from '../connectors/live/input.ts'
import { OptionError } from '../errors/errors.ts'
import type { Schema } from '../types/data-type.ts'
import { tableColumns } from './schema-input.ts'
import type { QueryContext } from './context.ts'
import { DataFrame } from './data-frame.ts'

/** What `readStream.from` takes beside the input. */
export interface FromOptions extends LiveOptions {
  /** The columns, as DDL or Schema; `value STRING` for bytes and text when left out. */
  readonly schema?: string | Schema
  /** Names the source in its checkpoint. */
  readonly name?: string
  /** Log rows in the checkpoint before they are acknowledged, so that they are read again after a crash. False unless told. */
  readonly wal?: boolean
  /** Most rows that may wait for a batch; 65 536 unless told. */
  readonly bufferRows?: number
  /** At most about this many rows in a batch. */
  readonly maxRowsPerTrigger?: number
}

/** Rows of formats whose columns are fixed; others have the columns of their schema. */
export type FormatRow<F, R> = F extends 'text' | 'socket'
  ? { value: string }
  : F extends 'rate' | 'rate-micro-batch'
    ? { timestamp: Timestamp; value: bigint }
    : R

/**
 * `session.read` and `session.readStream`: where a table comes from. `schema` takes DDL text, a Schema or a Standard Schema object that
 * knows its columns; rows are typed by what the compiler knows of it. Options are
 * checked at `load`.
 */
export class DataReader<R extends object = Row> {
  readonly #context: QueryContext
  readonly #streaming: boolean
  #format = 'json'
  #schema: Schema | null = null
  #name: string | undefined
  readonly #options: Record<string, string> = {}

  constructor(context: QueryContext, streaming: boolean) {
    this.#context = context
    this.#streaming = streaming
  }

  format<T extends object, const F extends string>(this: DataReader<T>, format: F): DataReader<FormatRow<F, T>> {
    this.#format = format
    return this as DataReader<never>
  }
  schema<const S extends SchemaInput>(schema: S): DataReader<RowOf<S>> {
    this.#schema = tableColumns(schema)
    return this as DataReader<object> as DataReader<never>
  }
  /**
   * An option of the format. A stream of any format takes `idleTimeout` besides: silent for that long, it holds no watermark
   * back. A bounded table of any format takes `refreshInterval`: how often a streaming query reads it again, or `onChange`.
   */
  option(key: string, value: string | number | boolean): this {
    this.#options[key] = String(value)
    return this
  }
  options(options: Readonly<Record<string, string | number | boolean>>): this {
    for (const [k, v] of Object.entries(options)) this.option(k, v)
    return this
  }
  /** Names the source in the checkpoint, so that sources may be reordered between restarts: letters, digits, underscores. */
  name(name: string): this {
    if (!/^[A-Za-z0-9_]+$/.test(name))
      throw new OptionError('INVALID_SOURCE_NAME', { name }, { hint: 'use letters, digits and underscores' })
    this.#name = name
    return this
  }
  /** The table. */
  load(path?: string): DataFrame<R> {
    if (path !== undefined) this.option('path', path)
    const provider = this.#context.connectors.source(this.#format)
    const idleKey = this.#streaming
      ? Object.keys(this.#options).find((k) => k.toLowerCase() === 'idletimeout')
      : undefined
    const { [idleKey ?? '']: idleTimeout, ...others } = this.#options
    const { refresh, options: given } = this.#streaming
      ? { refresh: {}, options: others }
      : takeRefresh(provider, others)
    const idleTimeoutMs =
      idleTimeout === undefined ? undefined : durationOf(provider.format, 'idleTimeout', idleTimeout)
    const options = validateOptions(provider.format, provider.options, given, provider.openOptions)
    const kind = this.#streaming ? 'stream' : 'batch'
    if (!provider.supports.includes(kind))
      throw new OptionError(
        'UNSUPPORTED_DATA_SOURCE_READ',
        { format: this.#format, kind },
        { hint: `it reads as ${provider.supports.join(' and ')} only` },
      )
    const schema = provider.schema(options, this.#schema, {
      streaming: this.#streaming,
      timeZone: this.#context.timeZone(),
      conf: (key) => this.#context.conf(key),
    })
    const inferred = this.#schema === null && provider.infersSchema === true ? { inferred: true } : {}
    const named = this.#name === undefined ? {} : { name: this.#name }
    return new DataFrame(this.#context, {
      op: 'source',
      source: {
        format: provider.format,
        options: given,
        schema,
        streaming: this.#streaming,
        ...inferred,
        ...named,
        ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
        ...refresh,
      },
    })
  }
  /**
   * A stream of what the program has at hand: an iterable, async iterable, Readable, ReadableStream or EventEmitter, or a
   * function that makes one and is told where to go on. Items are rows (objects by column name, arrays, or bare values
   * for one column); bytes are taken as lines, of text for one STRING column, else of JSON.
   */
  from(origin: LiveOrigin, given: FromOptions = {}): DataFrame<R> {
    const { schema, name, wal, bufferRows, maxRowsPerTrigger, ...live } = given
    if (schema !== undefined) this.schema(schema)
    if (name !== undefined) this.name(name)
    for (const [key, value] of Object.entries({ wal, bufferRows, maxRowsPerTrigger }))
      if (value !== undefined) this.option(key, value)
    this.#schema ??= { fields: [{ name: 'value', type: { kind: 'string' }, nullable: true }] }
    this.option('id', this.#context.keep(new LiveInput(origin, this.#schema, live)))
    return this.format('live').load()
  }
  /** Arrow IPC files or streams, as `arrow`. */
  arrow(path: string): DataFrame<R> {
    this.format('arrow')
    return this.load(path)
  }
  json(path: string): DataFrame<R> {
    this.format('json')
    return this.load(path)
  }
  csv(path: string): DataFrame<R> {
    this.format('csv')
    return this.load(path)
  }
  /** The lines of text files, as `text`. */
  textFile(path: string): DataFrame<{ value: string }> {
    return this.text(path)
  }
  text(path: string): DataFrame<{ value: string }> {
    return this.format('text').load(path)
  }
}
