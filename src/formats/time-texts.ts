/**
 * Readers of dates and times that are not in the standard form, one for each pattern that was given. Null: the text
 * does not fit. What is undefined is read as CAST reads it.
 */
export interface TimeTexts {
  /** Days since the epoch. */
  readonly date?: ((text: string) => number | null) | undefined
  /** Microseconds since the epoch. */
  readonly timestamp?: ((text: string) => bigint | null) | undefined
  /** Microseconds of the local clock. */
  readonly timestampNtz?: ((text: string) => bigint | null) | undefined
}
