/** Key of the metadata that says which state the last commit wrote, so that state that is gone is missed. */
export const SEAL = 'state'

/** Its value. */
export interface Seal {
  readonly batch: number
  /** Version of the last row of each table, by `operator/table`. */
  readonly state: Readonly<Record<string, number>>
}
