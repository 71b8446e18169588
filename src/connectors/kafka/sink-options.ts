import type { OptionSpecs } from '../provider.ts'

/** The options of the sink. */
export const SINK_OPTIONS: OptionSpecs = {
  topic: {
    type: 'string',
    doc: 'The topic of every row; goes before the column topic.',
  },
  includeHeaders: {
    type: 'boolean',
    default: false,
    doc: 'Accepted for Spark programs; a column headers is always written.',
  },
}
