import { FIRST_WORD, SECOND_WORD } from '../columns/short-bytes.ts'
import type { Vector } from '../columns/vector.ts'
import type { KeyColumn, KeyShape } from './key-columns.ts'
import type { PaneIndex } from './pane-index.ts'

/** What the row loop needs of its table; the slow paths go through it. */
export interface ProbeHost {
  readonly hashes: Int32Array
  readonly keyColumns: readonly KeyColumn[]
  /** The pane of these halves of its id, made if `make`. */
  pane(low: number, high: number, make: boolean): PaneIndex | undefined
  /** Makes a slot for the key of `row`, puts it into the pane's index, gives it. Any array of the host may be replaced. */
  insert(pane: PaneIndex, hash: number, keys: readonly Vector[], row: number): number
}

/**
 * Finds the slot of each row (`rows[i]`, or i where null) whose hash is `hashes[i]`, making it where `make`; else -1.
 * `panes` are the int32 halves of the pane ids by physical row, null for pane 0. `isNew[i]` is 1 where this call made
 * the slot.
 */
export type Probe = (
  host: ProbeHost,
  keys: readonly Vector[],
  rows: Int32Array | null,
  n: number,
  hashes: Int32Array,
  panes: Int32Array | null,
  slots: Int32Array,
  isNew: Uint8Array | null,
  make: boolean,
) => void

const cache = new Map<string, Probe>()

/**
 * The row loop for keys of these shapes, generated once per combination: key comparison is inlined, typed and free
 * of allocation. `nullable[k]` says whether key k needs its validity looked at.
 */
export function probeFor(shapes: readonly KeyShape[], nullable: readonly boolean[], paned: boolean): Probe {
  const signature = `${shapes.map((s, k) => s + (nullable[k] === true ? '?' : '')).join(',')};${paned}`
  let probe = cache.get(signature)
  if (probe === undefined) {
    probe = generate(shapes, nullable, paned)
    cache.set(signature, probe)
  }
  return probe
}

/** Equal bytes from the ninth on; the first eight are known to be alike. */
function sameRest(av: DataView, a: number, bv: DataView, b: number, length: number): boolean {
  let i = 8
  for (; i + 4 <= length; i += 4) if (av.getInt32(a + i, true) !== bv.getInt32(b + i, true)) return false
  for (; i < length; i++) if (av.getUint8(a + i) !== bv.getUint8(b + i)) return false
  return true
}

/** Up to four bytes from `from`, little-endian: for values at the very end of their buffer. */
function lastBytes(data: Uint8Array, from: number, end: number): number {
  let word = 0
  for (let i = 0; i < 4 && from + i < end; i++) word |= data[from + i]! << (i << 3)
  return word
}

function generate(shapes: readonly KeyShape[], nullable: readonly boolean[], paned: boolean): Probe {
  const rowSide: string[] = []
  const perRow: string[] = []
  const slotDeclare: string[] = []
  const slotSide: string[] = []
  const tests: string[] = []
  shapes.forEach((shape, k) => {
    slotDeclare.push(`sv${k}`, `sn${k}`)
    slotSide.push(`sv${k} = cols[${k}].values; sn${k} = cols[${k}].validity;`)
    rowSide.push(`const kn${k} = keys[${k}].validity;`)
    let same: string
    switch (shape) {
      case 'bytes': {
        const at = `kb${k}`
        const length = `kl${k}`
        rowSide.push(
          `const kd${k} = keys[${k}].data, ks${k} = keys[${k}].starts, ke${k} = keys[${k}].ends;`,
          `const kw${k} = new DataView(kd${k}.buffer, kd${k}.byteOffset, kd${k}.length), last${k} = kd${k}.length - 8;`,
        )
        perRow.push(
          `let ${at} = 0, ${length} = 0, kx${k} = 0, ky${k} = 0;`,
          `${nullable[k] === true ? `if (kn${k} === null || kn${k}[r] !== 0) ` : ''}{`,
          `  ${at} = ks${k}[r]; ${length} = ke${k}[r] - ${at};`,
          `  if (${length} > 8) { kx${k} = kw${k}.getInt32(${at}, true); ky${k} = kw${k}.getInt32(${at} + 4, true); }`,
          `  else if (${at} <= last${k}) { kx${k} = kw${k}.getInt32(${at}, true) & FIRST[${length}]; ky${k} = kw${k}.getInt32(${at} + 4, true) & SECOND[${length}]; }`,
          `  else { kx${k} = lastBytes(kd${k}, ${at}, ${at} + ${length}); ky${k} = lastBytes(kd${k}, ${at} + 4, ${at} + ${length}); }`,
          `}`,
        )
        slotDeclare.push(`sw${k}`)
        slotSide.push(`sw${k} = cols[${k}].view;`)
        const cell = (i: number): string => `sv${k}[4 * s + ${i}]`
        same = `${cell(1)} === ${length} && ${cell(2)} === kx${k} && ${cell(3)} === ky${k} && (${length} <= 8 || sameRest(sw${k}, ${cell(0)}, kw${k}, ${at}, ${length}))`
        break
      }
      case 'i64':
        rowSide.push(`const kv${k} = keys[${k}].halves;`)
        same = `sv${k}[2 * s] === kv${k}[2 * r] && sv${k}[2 * s + 1] === kv${k}[2 * r + 1]`
        break
      case 'f32':
      case 'f64':
        rowSide.push(`const kv${k} = keys[${k}].values;`)
        same = `(sv${k}[s] === kv${k}[r] || (sv${k}[s] !== sv${k}[s] && kv${k}[r] !== kv${k}[r]))`
        break
      case 'null':
        same = 'true'
        break
      default:
        rowSide.push(`const kv${k} = keys[${k}].values;`)
        same = `sv${k}[s] === kv${k}[r]`
    }
    if (shape !== 'null' && nullable[k] === true)
      same = `((kn${k} === null || kn${k}[r] !== 0) ? ((sn${k} === null || sn${k}[s] !== 0) && ${same}) : (sn${k} !== null && sn${k}[s] === 0))`
    tests.push(same)
  })
  const reload = `hashes = host.hashes; ${slotSide.join(' ')} index = pane.index; shift = pane.shift; mask = index.length - 1;`
  const otherPane = paned
    ? 'if (panes[2 * r] !== paneLow || panes[2 * r + 1] !== paneHigh || pane === undefined) break;'
    : ''
  const findPane = paned
    ? `const low = panes[2 * r], high = panes[2 * r + 1];
      if (pane === undefined || low !== paneLow || high !== paneHigh) {
        pane = host.pane(low, high, make);
        if (pane === undefined) { slots[i++] = -1; continue; }
        paneLow = low; paneHigh = high;
        index = pane.index; shift = pane.shift; mask = index.length - 1;
        continue;
      }`
    : ''
  // Calls of the host stand outside the inner loop: inside, the engine would look up every array anew for each row.
  const body = `
  return function probe(host, keys, rows, n, rowHashes, panes, slots, isNew, make) {
    const cols = host.keyColumns;
    ${rowSide.join('\n    ')}
    let hashes = host.hashes, index, shift = 0, mask = 0, paneLow = 0, paneHigh = 0;
    let ${['pane', ...slotDeclare].join(', ')};
    ${slotSide.join('\n    ')}
    ${paned ? '' : 'pane = host.pane(0, 0, true); index = pane.index; shift = pane.shift; mask = index.length - 1;'}
    for (let i = 0; i < n;) {
      for (; i < n; i++) {
        const r = rows === null ? i : rows[i];
        const h = rowHashes[i];
        ${otherPane}
        ${perRow.join('\n        ')}
        let at = h >>> shift, s = -1;
        for (;;) {
          s = index[at] - 1;
          if (s < 0 || (hashes[s] === h${tests.map((t) => ` && ${t}`).join('')})) break;
          at = (at + 1) & mask;
        }
        if (s < 0 && make) break;
        slots[i] = s;
        if (isNew !== null) isNew[i] = 0;
      }
      if (i >= n) break;
      const r = rows === null ? i : rows[i];
      ${findPane}
      slots[i] = host.insert(pane, rowHashes[i], keys, r);
      if (isNew !== null) isNew[i] = 1;
      i++;
      ${reload}
    }
  }`
  // the text is made of the names above only: nothing of the user's gets in
  return (new Function('sameRest', 'lastBytes', 'FIRST', 'SECOND', body) as (...names: unknown[]) => Probe)(
    sameRest,
    lastBytes,
    FIRST_WORD,
    SECOND_WORD,
  )
}
