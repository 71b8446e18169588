/** Something that is not as it was written, and what that means for the query. */
export interface Damage {
  readonly what: string
  readonly meaning: string
}

/** What damage means of which the query cannot do without. */
export const NO_START = 'the query does not start: restore the checkpoint from a backup'

/** What is found of some rows of a checkpoint. */
export interface RowCheck {
  readonly rows: number
  readonly damages: readonly Damage[]
}
