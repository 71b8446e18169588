/**
 * By the length of a value, 0 to 8: which bits of its first four bytes (read little-endian, with whatever lies behind
 * it) are its own. Keys are mostly that short, and nothing could predict a branch on their length.
 */
export const FIRST_WORD = Int32Array.of(0, 0xff, 0xffff, 0xffffff, -1, -1, -1, -1, -1)
/** The same for the four bytes behind those. */
export const SECOND_WORD = Int32Array.of(0, 0, 0, 0, 0, 0xff, 0xffff, 0xffffff, -1)
