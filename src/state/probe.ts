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

/** By length up to eight: what of the first four bytes, and of the four behind them, belongs to a key. */
const FIRST = Int32Array.of(0, 0xff, 0xffff, 0xffffff, -1, -1, -1, -1, -1)
const SECOND = Int32Array.of(0, 0, 0, 0, 0, 0xff, 0xffff, 0xffffff, -1)

/**
 * Equal runs of bytes. Up to eight are compared without a branch on the length, which nothing could predict: an arena
 * has room behind its last key for reading eight bytes at any (`a`), the rows have it up to `bLast`.
 */
function sameBytes(av: DataView, a: number, bv: DataView, b: number, bLast: number, length: number): boolean {
  if (length <= 8 && b <= bLast)
    return (
      (((av.getInt32(a, true) ^ bv.getInt32(b, true)) & FIRST[length]!) |
        ((av.getInt32(a + 4, true) ^ bv.getInt32(b + 4, true)) & SECOND[length]!)) ===
      0
    )
  let i = 0
  for (; i + 4 <= length; i += 4) if (av.getInt32(a + i, true) !== bv.getInt32(b + i, true)) return false
  for (; i < length; i++) if (av.getUint8(a + i) !== bv.getUint8(b + i)) return false
  return true
}

function generate(shapes: readonly KeyShape[], nullable: readonly boolean[], paned: boolean): Probe {
  const rowSide: string[] = []
  const slotDeclare: string[] = []
  const slotSide: string[] = []
  const tests: string[] = []
  shapes.forEach((shape, k) => {
    slotDeclare.push(`sv${k}`, `sn${k}`)
    slotSide.push(`sv${k} = cols[${k}].values; sn${k} = cols[${k}].validity;`)
    rowSide.push(`const kn${k} = keys[${k}].validity;`)
    let same: string
    switch (shape) {
      case 'bytes':
        rowSide.push(
          `const kd${k} = keys[${k}].data, ks${k} = keys[${k}].starts, ke${k} = keys[${k}].ends;`,
          `const kw${k} = new DataView(kd${k}.buffer, kd${k}.byteOffset, kd${k}.length), kb${k} = kd${k}.length - 8;`,
        )
        slotDeclare.push(`sl${k}`, `sw${k}`)
        slotSide.push(`sl${k} = cols[${k}].lengths; sw${k} = cols[${k}].view;`)
        same = `sl${k}[s] === ke${k}[r] - ks${k}[r] && sameBytes(sw${k}, sv${k}[s], kw${k}, ks${k}[r], kb${k}, sl${k}[s])`
        break
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
  const findPane = paned
    ? `const low = panes[2 * r], high = panes[2 * r + 1];
      if (pane === undefined || low !== paneLow || high !== paneHigh) {
        pane = host.pane(low, high, make);
        if (pane === undefined) { slots[i] = -1; continue; }
        paneLow = low; paneHigh = high;
        index = pane.index; shift = pane.shift; mask = index.length - 1;
      }`
    : ''
  const body = `
  return function probe(host, keys, rows, n, rowHashes, panes, slots, isNew, make) {
    const cols = host.keyColumns;
    ${rowSide.join('\n    ')}
    let hashes = host.hashes, index, shift = 0, mask = 0, paneLow = 0, paneHigh = 0;
    let ${['pane', ...slotDeclare].join(', ')};
    ${slotSide.join('\n    ')}
    ${paned ? '' : 'pane = host.pane(0, 0, true); index = pane.index; shift = pane.shift; mask = index.length - 1;'}
    for (let i = 0; i < n; i++) {
      const r = rows === null ? i : rows[i];
      const h = rowHashes[i];
      ${findPane}
      let at = h >>> shift, s = -1, fresh = 0;
      for (;;) {
        s = index[at] - 1;
        if (s < 0) {
          if (make) {
            s = host.insert(pane, h, keys, r);
            fresh = 1;
            ${reload}
          }
          break;
        }
        if (hashes[s] === h${tests.map((t) => ` && ${t}`).join('')}) break;
        at = (at + 1) & mask;
      }
      slots[i] = s;
      if (isNew !== null) isNew[i] = fresh;
    }
  }`
  // the text is made of the names above only: nothing of the user's gets in
  return (new Function('sameBytes', body) as (same: typeof sameBytes) => Probe)(sameBytes)
}
