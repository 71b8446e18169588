import { OptionError } from '../errors/errors.ts'
import type { Unresolved } from '../plan/unresolved.ts'
import type { QueryContext, SaveMode } from './context.ts'

const MODES: Readonly<Record<string, SaveMode>> = {
  append: 'append',
  overwrite: 'overwrite',
  error: 'error',
  errorifexists: 'error',
  default: 'error',
  ignore: 'ignore',
}

/** Writes a bounded DataFrame: `df.write.format('json').save(path)`. */
export class DataFrameWriter {
  readonly #context: QueryContext
  readonly #plan: Unresolved
  #format = 'json'
  #mode: SaveMode = 'error'
  #partitionBy: readonly string[] = []
  readonly #options: Record<string, string> = {}

  constructor(context: QueryContext, plan: Unresolved) {
    this.#context = context
    this.#plan = plan
  }

  format(format: string): this {
    this.#format = format
    return this
  }
  /**
   * What to do where files are to be written and there is something already: `append` writes beside it, `overwrite` in
   * its place, `ignore` nothing, `error` (also `errorIfExists`, the default) fails with PATH_ALREADY_EXISTS.
   */
  mode(mode: string): this {
    const known = MODES[mode.toLowerCase()]
    if (known === undefined)
      throw new OptionError('OPTION_INVALID', {
        format: 'write',
        option: 'mode',
        value: mode,
        expected: 'append, overwrite, error or ignore',
      })
    this.#mode = known
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
  /**
   * Where bad records go: as `writeStream.badRecords`, with batch id 0. Where the write is done again they are written again,
   * as its rows are.
   */
  badRecords(format: string, options: Readonly<Record<string, string | number | boolean>> = {}): this {
    this.option('badRecords.format', format)
    for (const [key, value] of Object.entries(options)) this.option(`badRecords.${key}`, value)
    return this
  }
  /** Files go into directories `column=value`, and do not hold these columns. */
  partitionBy(...columns: string[]): this {
    this.#partitionBy = columns
    return this
  }
  async save(path?: string): Promise<void> {
    if (path !== undefined) this.option('path', path)
    await this.#context.write(this.#plan, this.#format, this.#options, {
      mode: this.#mode,
      partitionBy: this.#partitionBy,
    })
  }
  async arrow(path: string): Promise<void> {
    await this.format('arrow').save(path)
  }
  async csv(path: string): Promise<void> {
    await this.format('csv').save(path)
  }
  async json(path: string): Promise<void> {
    await this.format('json').save(path)
  }
  async text(path: string): Promise<void> {
    await this.format('text').save(path)
  }
}
