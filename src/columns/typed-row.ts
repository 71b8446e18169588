import type { LocalTimestamp, Timestamp } from './timestamp.ts'
import type { Row } from './row.ts'
import type { Schema } from '../types/data-type.ts'

/**
 * Types of rows, worked out by the compiler from a literal DDL string or a Standard Schema object. What the compiler
 * cannot know (a schema made at run time) is `Row`: any column, of type unknown.
 */

/** A schema library's object: https://standardschema.dev. Only its types are read by the compiler. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => unknown
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** What a schema may be given as: DDL, a Schema, or a Standard Schema object that knows its columns. */
export type SchemaInput = string | Schema | StandardSchema

/** An object type written out, so that editors show its members. */
export type Flat<T> = { [K in keyof T]: T[K] } & {}

/** The type of rows a schema gives; `Row` where it is not known to the compiler. */
export type RowOf<S> = S extends string
  ? string extends S
    ? Row
    : Columns<S>
  : S extends StandardSchema
    ? RowOfJs<OutputOf<S>>
    : Row

/** As RowOf, for the results of closures: one type without a name is a column `value`. */
export type ResultRow<S> = S extends string
  ? string extends S
    ? Row
    : IsOneType<Trim<S>> extends true
      ? { value: Nullable<TypeOf<Trim<S>>> }
      : Columns<S>
  : RowOf<S>

/** The JavaScript type of one SQL type in DDL; unknown for what this reader does not know. */
export type ValueOf<S extends string> = string extends S ? unknown : Nullable<TypeOf<Trim<S>>>

/** What a closure is called with: the row, or the value of a single column `value`. */
export type Element<R> = string extends keyof R ? R : [keyof R] extends ['value'] ? R['value' & keyof R] : R

/** The row that a closure's result makes: members of an object, else a column `value`. */
export type RowOfResult<U> = [U] extends [Scalar | readonly unknown[] | ReadonlyMap<unknown, unknown>]
  ? { value: JsOf<U> }
  : [U] extends [object]
    ? RowOfJs<U>
    : Row

/** Rows as they come back of objects given without a schema: whole numbers may come back as bigint. */
export type InferredRow<T> = string extends keyof T
  ? Row
  : { [K in keyof T]: number extends T[K] ? T[K] | bigint : JsOf<T[K]> }

/** Column names a string may stand for: those of the row, paths and stars; any where the row is not known. */
export type NameIn<R> = string extends keyof R
  ? string
  : (keyof R & string) | `${string}.${string}` | `\`${string}` | '*'

/** The row with only some columns. */
export type Picked<R, K extends PropertyKey> = string extends keyof R ? Row : Flat<Pick<R, K & keyof R>>

/** The row without some columns. */
export type Without<R, K extends PropertyKey> = string extends keyof R ? Row : Flat<Omit<R, K>>

/** The row with further columns, in place of those of the same name. */
export type With<R, More> = string extends keyof R ? Row : Flat<Omit<R, keyof More> & More>

/** What a closure may say its row is: anything where the row is not known, else what it is. */
export type ElementBound<R> = string extends keyof R ? unknown : Element<R>

type Scalar = string | number | bigint | boolean | Date | Uint8Array | null | undefined
type OutputOf<S> = S extends { readonly '~standard': { readonly types?: infer T } }
  ? NonNullable<T> extends { readonly output: infer O }
    ? O
    : never
  : never

/** Members as results have them: instants are Timestamps, what may be left out is NULL. */
type RowOfJs<T> = string extends keyof T ? Row : { [K in keyof T]-?: JsOf<T[K]> }
type JsOf<T> = T extends undefined
  ? null
  : T extends Timestamp | LocalTimestamp
    ? T
    : T extends Date
      ? Timestamp
      : T extends Uint8Array | ReadonlyMap<unknown, unknown>
        ? T
        : T extends readonly (infer E)[]
          ? JsOf<E>[]
          : T extends object
            ? string extends keyof T
              ? Map<string, JsOf<T[keyof T]>>
              : { [K in keyof T]-?: JsOf<T[K]> }
            : T

// ---------------------------------------------------------------- DDL

type Space = ' ' | '\n' | '\t' | '\r'
type Trim<S extends string> = S extends `${Space}${infer R}` ? Trim<R> : S extends `${infer R}${Space}` ? Trim<R> : S

type OneLine<S extends string> = S extends `${infer A}${'\n' | '\t' | '\r'}${infer B}` ? OneLine<`${A} ${B}`> : S

type Nullable<T> = T | null

/** The columns of `a INT, b STRING NOT NULL`. */
type Columns<S extends string> = Flat<FieldsOf<Split<OneLine<S>>>>
type FieldsOf<Parts extends readonly string[]> = Parts extends readonly [
  infer P extends string,
  ...infer Rest extends string[],
]
  ? FieldOf<Trim<P>> & FieldsOf<Rest>
  : unknown
type FieldOf<S extends string> = S extends ''
  ? unknown
  : S extends `\`${infer N}\`${infer Type}`
    ? { [K in N]: ColumnType<SkipColon<Trim<Type>>> }
    : Named<S> extends [infer N extends string, infer Type extends string]
      ? { [K in N]: ColumnType<SkipColon<Trim<Type>>> }
      : Record<string, unknown>

/** The first word and what is behind it; `name: TYPE` and `name:TYPE` are read too. */
type Named<S extends string> = S extends `${infer N} ${infer Type}`
  ? N extends `${infer M}:${infer More}`
    ? [M, `${More} ${Type}`]
    : [N, Type]
  : S extends `${infer N}:${infer Type}`
    ? [N, Type]
    : never
type SkipColon<S extends string> = S extends `:${infer R}` ? Trim<R> : S

/** The type of a column: its SQL type, then NOT NULL, DEFAULT and COMMENT as they come. */
type ColumnType<S extends string> =
  WithoutComment<S> extends infer T extends string
    ? Uppercase<T> extends `${string} NOT NULL${string}`
      ? TypeOf<Trim<BeforeNot<T>>>
      : Nullable<TypeOf<Trim<T>>>
    : never
type WithoutComment<S extends string> = S extends `${infer T} ${'COMMENT' | 'comment' | 'Comment'} ${string}`
  ? Trim<T>
  : Trim<S>
type BeforeNot<S extends string> = S extends `${infer T} ${'NOT' | 'not' | 'Not'} ${string}` ? T : S

interface Simple {
  readonly BOOLEAN: boolean
  readonly TINYINT: number
  readonly BYTE: number
  readonly SMALLINT: number
  readonly SHORT: number
  readonly INT: number
  readonly INTEGER: number
  readonly BIGINT: bigint
  readonly LONG: bigint
  readonly FLOAT: number
  readonly REAL: number
  readonly DOUBLE: number
  readonly DATE: string
  readonly TIMESTAMP: Timestamp
  readonly TIMESTAMP_LTZ: Timestamp
  readonly TIMESTAMP_NTZ: LocalTimestamp
  readonly STRING: string
  readonly BINARY: Uint8Array
  readonly DECIMAL: string
  readonly DEC: string
  readonly NUMERIC: string
  readonly VOID: null
}

type TypeOf<S extends string> =
  Uppercase<S> extends infer U extends string
    ? U extends keyof Simple
      ? Simple[U]
      : U extends
            | `${'DECIMAL' | 'DEC' | 'NUMERIC'}${'' | ' '}(${string}`
            | `${'VARCHAR' | 'CHAR'}${'' | ' '}(${string}`
            | `INTERVAL${string}`
        ? string
        : U extends `ARRAY${'' | ' '}<${string}>`
          ? S extends `${string}<${infer E}>`
            ? ValueOf<E>[]
            : never
          : U extends `MAP${'' | ' '}<${string}>`
            ? S extends `${string}<${infer KV}>`
              ? Split<KV> extends [infer K extends string, infer V extends string]
                ? Map<TypeOf<Trim<K>>, ValueOf<V>>
                : unknown
              : never
            : U extends `STRUCT${'' | ' '}<${string}>`
              ? S extends `${string}<${infer F}>`
                ? Columns<F>
                : never
              : unknown
    : never

/** True for text that is one type, with no name in front. */
type IsOneType<S extends string> = unknown extends TypeOf<S> ? false : true

/** Splits at the commas outside brackets. */
type Split<
  S extends string,
  Part extends string = '',
  Depth extends readonly unknown[] = [],
> = S extends `${infer H},${infer T}`
  ? Deeper<H, Depth> extends infer D extends readonly unknown[]
    ? D extends readonly []
      ? [`${Part}${H}`, ...Split<T, '', []>]
      : Split<T, `${Part}${H},`, D>
    : never
  : [`${Part}${S}`]

/** The depth of brackets behind `S`: character by character, only where there are any. */
type Deeper<S extends string, D extends readonly unknown[]> = S extends `${string}${'<' | '>' | '(' | ')'}${string}`
  ? Count<S, D>
  : D
type Count<S extends string, D extends readonly unknown[]> = S extends `${infer C}${infer R}`
  ? C extends '<' | '('
    ? Count<R, [unknown, ...D]>
    : C extends '>' | ')'
      ? Count<R, D extends readonly [unknown, ...infer E] ? E : []>
      : Count<R, D>
  : D
