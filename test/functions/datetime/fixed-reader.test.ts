import { expect, test } from 'vitest'
import { FixedReader, utcSecondsOf } from '../../../src/functions/datetime/fixed-reader.ts'
import { parserOf } from '../../../src/functions/datetime/parser.ts'
import { zoneOf } from '../../../src/types/time.ts'
import { pick, seeded } from '../../expr/random-values.ts'

const PATTERNS = [
  'yyyy-MM-dd',
  'yyyyMMdd',
  'dd/MM/yyyy HH:mm:ss',
  "yyyy-MM-dd'T'HH:mm:ss.SSS",
  'yyyy-MM-dd HH:mm',
  'ddMMyyyy',
]
const random = seeded(11)

/** A text near the pattern: its letters become digits, now and then one of them something else. */
function textFor(pattern: string): string {
  const shape = pattern.replaceAll("'", '')
  const text = shape.replace(/[yMdHmsS]/g, (c) => {
    if (random() < 0.01) return pick(random, ['x', ' ', '', '12', '-'])
    return String(Math.floor(random() * (c === 'M' || c === 'H' ? 2 : c === 'd' || c === 'm' || c === 's' ? 4 : 10)))
  })
  return pick(random, [text, text, text, text, `${text} `, text.replace('T', 't')])
}

test.each(PATTERNS)('%s: what it reads, the parser reads the same', (pattern) => {
  const reader = FixedReader.of(pattern)!
  const parse = parserOf(pattern)
  let read = 0
  for (let i = 0; i < 5000; i++) {
    const text = textFor(pattern)
    if (!reader.read(text)) continue
    read++
    const wanted = parse(text)
    const us = BigInt(reader.seconds) * 1_000_000n + BigInt(reader.micros)
    if (wanted?.localUs !== us || wanted.zone !== null) expect.fail(`${text}: ${us}, not ${wanted?.localUs}`)
  }
  expect(read).toBeGreaterThan(200)
})

test.each([
  'y-M-d',
  'yyyy-MM',
  'yyyy-MM-dd HH:mm:ss XXX',
  'yyyyMMddHHmmssSSS',
  'yyyy-MM-dd hh:mm a',
  'yyyy-MM-dd[ HH]',
  'dd MMM yyyy',
  'yy-MM-dd',
])('%s is left to the parser', (pattern) => {
  expect(FixedReader.of(pattern)).toBeNull()
})

test('local seconds become instants as the zone says, also in gaps and overlaps', () => {
  for (const name of [
    'UTC',
    'America/New_York',
    'Europe/Berlin',
    'Australia/Lord_Howe',
    'Africa/Casablanca',
    'Pacific/Apia',
  ]) {
    const zone = zoneOf(name)
    for (let i = 0; i < 3000; i++) {
      // Half of the readings lie within two days of a change of offset.
      let at = Math.floor(random() * 2.2e9)
      const change = zone.nextTransition(at)
      if (change !== null && i % 2 === 0) at = change + Math.floor((random() - 0.5) * 4 * 86400)
      const wanted = Number(zone.localToUtcUs(BigInt(at) * 1_000_000n) / 1_000_000n)
      if (utcSecondsOf(at, zone) !== wanted) expect.fail(`${name} ${at}: ${utcSecondsOf(at, zone)}, not ${wanted}`)
    }
  }
})
