import { validateOptions } from '../connectors/options.ts'
import { sourceProvider } from '../connectors/registry.ts'
import { OptionError } from '../errors/errors.ts'
import { parseSchema } from '../types/ddl.ts'
import type { Schema } from '../types/data-type.ts'
import type { QueryContext } from './context.ts'
import { DataFrame } from './data-frame.ts'

/**
 * `session.read` and `session.readStream`: where a table comes from. `schema` takes DDL text or a Schema. Options are
 * checked at `load`.
 */
export class DataReader {
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

  format(format: string): this {
    this.#format = format
    return this
  }
  schema(schema: string | Schema): this {
    this.#schema = typeof schema === 'string' ? parseSchema(schema) : schema
    return this
  }
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
    if (!/^[A-Za-z0-9_]+$/.test(name)) throw new OptionError('INVALID_SOURCE_NAME', { name }, { hint: 'use letters, digits and underscores' })
    this.#name = name
    return this
  }
  /** The table. */
  load(path?: string): DataFrame {
    if (path !== undefined) this.option('path', path)
    const provider = sourceProvider(this.#format)
    const options = validateOptions(provider.format, provider.options, this.#options, provider.openOptions)
    const kind = this.#streaming ? 'stream' : 'batch'
    if (!provider.supports.includes(kind))
      throw new OptionError('UNSUPPORTED_DATA_SOURCE_READ', { format: this.#format, kind }, { hint: `it reads as ${provider.supports.join(' and ')} only` })
    const schema = provider.schema(options, this.#schema)
    const named = this.#name === undefined ? {} : { name: this.#name }
    return new DataFrame(this.#context, {
      op: 'source',
      source: { format: provider.format, options: { ...this.#options }, schema, streaming: this.#streaming, ...named },
    })
  }
  json(path: string): DataFrame {
    return this.format('json').load(path)
  }
  text(path: string): DataFrame {
    return this.format('text').load(path)
  }
}
