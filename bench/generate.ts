import fs from 'node:fs'
import path from 'node:path'
import { nexmarkLines, textPool } from './nexmark.ts'
import { Random } from './random.ts'

/**
 * Makes the measured data: the same bytes for the same kind, count, gap and seed, so that figures and result hashes can
 * be compared between machines and programs.
 */
export type DataKind = 'nexmark' | 'ysb' | 'words'

export const isDataKind = (kind: string): kind is DataKind => kind === 'nexmark' || kind === 'ysb' || kind === 'words'

export interface DataOptions {
  /** Microseconds of event time between two events. */
  readonly gapUs?: number
  readonly seed?: number
  readonly rowsPerFile?: number
}

/** The first event's time: 2026-01-01 UTC. */
const EPOCH_MS = Date.UTC(2026, 0, 1)
const FLUSH_LINES = 4096

/** Writes `events` lines into files of a directory (ysb: and its table of ads beside it); gives files and bytes. */
export function generate(
  kind: DataKind,
  directory: string,
  events: number,
  options: DataOptions = {},
): { readonly files: number; readonly bytes: number } {
  const { gapUs = 200, seed = 42, rowsPerFile = 250_000 } = options
  const random = new Random(seed)
  // Drawn for every kind: it is part of what a seed means.
  const text = textPool(random)
  const timeMs = (i: number): number => EPOCH_MS + Math.floor((i * gapUs) / 1000)
  fs.mkdirSync(directory, { recursive: true })
  let line: (i: number) => string
  if (kind === 'nexmark') line = nexmarkLines(random, text, timeMs, gapUs)
  else if (kind === 'ysb') line = ysbLines(random, timeMs, `${directory.replace(/\/+$/, '')}.ads.json`)
  else line = wordLines(random)
  const out = new LineFiles(directory, kind === 'words' ? 'txt' : 'jsonl', rowsPerFile)
  for (let i = 0; i < events; i++) out.add(line(i))
  return out.end()
}

/** The Yahoo benchmark: views, clicks and purchases of 1 000 ads of 100 campaigns, which stand in `adsFile`. */
function ysbLines(random: Random, timeMs: (i: number) => number, adsFile: string): (i: number) => string {
  const uuids = (count: number): string[] => Array.from({ length: count }, () => random.uuid())
  const ads = uuids(100).flatMap((campaign) => uuids(10).map((ad) => ({ ad, campaign })))
  fs.writeFileSync(adsFile, ads.map((a) => `{"ad_id":"${a.ad}","campaign_id":"${a.campaign}"}\n`).join(''))
  const users = uuids(10_000)
  const pages = uuids(1000)
  const adTypes = ['banner', 'modal', 'sponsored-search', 'mail', 'mobile']
  const eventTypes = ['view', 'click', 'purchase']
  return (i) => {
    const time = new Date(timeMs(i)).toISOString()
    const [user, page, { ad }] = [random.one(users), random.one(pages), random.one(ads)]
    const [adType, eventType] = [random.one(adTypes), random.one(eventTypes)]
    const address = [1 + random.below(254), random.below(256), random.below(256), random.below(256)].join('.')
    return `{"user_id":"${user}","page_id":"${page}","ad_id":"${ad}","ad_type":"${adType}","event_type":"${eventType}","event_time":"${time}","ip_address":"${address}"}`
  }
}

/** Lines of ten words out of 20 000, few of them common. */
function wordLines(random: Random): () => string {
  const words = Array.from({ length: 20_000 }, () => random.hex(3 + random.below(7)))
  const word = (): string => words[Math.floor(random.fraction() ** 3 * words.length)]!
  return () => Array.from({ length: 10 }, word).join(' ')
}

/** Lines into files `part-0000`, `part-0001` … of so many lines each. */
class LineFiles {
  readonly #directory: string
  readonly #extension: string
  readonly #linesPerFile: number
  #fd: number | null = null
  #files = 0
  #linesInFile = 0
  #waiting: string[] = []
  #bytes = 0

  constructor(directory: string, extension: string, linesPerFile: number) {
    this.#directory = directory
    this.#extension = extension
    this.#linesPerFile = linesPerFile
  }

  add(line: string): void {
    this.#waiting.push(line)
    if (++this.#linesInFile === this.#linesPerFile) this.#close()
    else if (this.#waiting.length === FLUSH_LINES) this.#flush()
  }

  end(): { files: number; bytes: number } {
    if (this.#linesInFile > 0) this.#close()
    return { files: this.#files, bytes: this.#bytes }
  }

  #flush(): void {
    if (this.#fd === null) {
      const name = `part-${String(this.#files++).padStart(4, '0')}.${this.#extension}`
      this.#fd = fs.openSync(path.join(this.#directory, name), 'w')
    }
    const bytes = Buffer.from(this.#waiting.map((l) => `${l}\n`).join(''))
    for (let done = 0; done < bytes.length;) done += fs.writeSync(this.#fd, bytes, done)
    this.#bytes += bytes.length
    this.#waiting = []
  }

  #close(): void {
    this.#flush()
    fs.closeSync(this.#fd!)
    this.#fd = null
    this.#linesInFile = 0
  }
}
