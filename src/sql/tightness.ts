/** How tight an operator binds; a comparison is the loosest. */
// prettier-ignore
const TIGHTNESS: Readonly<Record<string, number>> = {
  '*': 7, '/': 7, '%': 7, div: 7, '+': 6, '-': 6, '||': 6, '<<': 5, '>>': 5, '>>>': 5, '&': 4, '^': 3, '|': 2,
}

/** The rank of an operator between operands; those of one rank group to the left. Comparisons have 1. */
export const tightnessOf = (op: string): number => TIGHTNESS[op] ?? 1
