import type { DecodePlan } from '../../formats/decode-plan.ts'
import type { LineDecoder, LineDecoderOptions } from '../../formats/line-decoder.ts'
import type { Schema } from '../../types/data-type.ts'
import type { Options, OptionSpecs } from '../provider.ts'
import type { ListedFile } from './listing.ts'

/** A format of files: what the file source needs to know of it. */
export interface FileFormat {
  readonly format: string
  readonly doc: string
  /** Options beside those of every file source. */
  readonly options: OptionSpecs
  /** Refuses options that cannot be; `declared` is null when the columns are inferred. */
  check(options: Options, declared: Schema | null): void
  /** The columns of the files when none are declared: fixed ones, or those found in `files`. */
  infer(options: Options, files: () => readonly ListedFile[], timeZone: string): Schema
  /** The columns of a format are always the same. */
  readonly isFixed: boolean
  /** The columns that must be decoded so that those `wanted` are right. */
  needed(wanted: Schema, declared: Schema, options: Options): Schema
  /** A decoder for the columns `wanted` of files whose columns are `declared`. */
  decoder(wanted: Schema, declared: Schema, plan: DecodePlan, options: Options, o: LineDecoderOptions): LineDecoder
}
