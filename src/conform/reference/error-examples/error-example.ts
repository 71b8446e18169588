import type { Code } from '../../../errors/codes.ts'

/**
 * What gives a condition: statements over the demo tables (demo-tables.ts), the last of which raises it; or, where it takes
 * a broken disk, a server or code of the program, a sentence.
 */
export type ErrorExample =
  | {
      readonly statements: readonly [string, ...string[]]
      /** The last one is started as a stream in this output mode; otherwise it is run. */
      readonly mode?: string
      /** With `millrace.extensions` off. */
      readonly conform?: true
    }
  | { readonly when: string }

export type ErrorExamples = Readonly<Partial<Record<Code, ErrorExample>>>

/** Statements that are run, one after the other. */
export const statements = (...list: readonly [string, ...string[]]): ErrorExample => ({ statements: list })

/** A query that is started in an output mode. */
export const started = (mode: string, sql: string): ErrorExample => ({ statements: [sql], mode })

/** A query that only a session without extensions refuses. */
export const conform = (sql: string, mode?: string): ErrorExample => ({
  statements: [sql],
  conform: true,
  ...(mode === undefined ? {} : { mode }),
})

/** A situation, in a sentence or as a call. */
export const when = (text: string): ErrorExample => ({ when: text })
