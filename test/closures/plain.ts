/** Rows as their JSON, to compare instants and whole numbers simply. */
export const valueOf = (rows: readonly object[]): unknown[] => JSON.parse(JSON.stringify(rows)) as unknown[]
