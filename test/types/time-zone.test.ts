import { IANAZone } from 'luxon'
import { describe, expect, test } from 'vitest'
import { findZone, zoneOf } from '../../src/types/time-zone.ts'

const us = (iso: string): bigint => BigInt(Date.parse(iso)) * 1000n

describe('region zones', () => {
  test('offsets agree with luxon over two thousand years', () => {
    for (const name of [
      'America/New_York',
      'Europe/Paris',
      'Asia/Kolkata',
      'Australia/Lord_Howe',
      'Africa/Casablanca',
    ]) {
      const zone = zoneOf(name)
      const iana = IANAZone.create(name)
      let seed = 7
      for (let i = 0; i < 80; i++) {
        seed = (seed * 1103515245 + 12345) % 2147483648
        const seconds = Math.round((seed / 2147483648 - 0.3) * 3e10)
        expect([name, seconds, zone.offsetSeconds(seconds)]).toEqual([
          name,
          seconds,
          Math.round(iana.offset(seconds * 1000) * 60),
        ])
      }
    }
  })
  test('gaps move on, overlaps take the earlier instant', () => {
    const zone = zoneOf('America/New_York')
    expect(zone.localToUtcUs(us('2026-03-08T02:30:00Z'))).toBe(1772955000n * 1000000n)
    expect(zone.localToUtcUs(us('2026-11-01T01:30:00Z'))).toBe(1793511000n * 1000000n)
    expect(zone.localToUtcUs(us('2026-07-01T12:00:00Z'))).toBe(us('2026-07-01T16:00:00Z'))
    expect(zone.utcToLocalUs(us('1969-12-31T23:59:59.999Z'))).toBe(us('1969-12-31T18:59:59.999Z'))
    expect(zone.nextTransition(Date.parse('2026-01-01T00:00:00Z') / 1000)).toBe(
      Date.parse('2026-03-08T07:00:00Z') / 1000,
    )
  })
  test('before standard time the local mean time counts', () => {
    expect(zoneOf('America/New_York').offsetSeconds(-6000000000)).toBe(-(4 * 3600 + 56 * 60 + 2))
  })
})

test('fixed offsets and short ids', () => {
  expect(zoneOf('+05:30').offsetUs(0n)).toBe(19800n * 1000000n)
  expect(zoneOf('-3:30').offsetSeconds(0)).toBe(-12600)
  expect(zoneOf('GMT+3').offsetSeconds(0)).toBe(10800)
  expect(zoneOf('-0330').offsetSeconds(0)).toBe(-12600)
  expect(zoneOf('Z').offsetSeconds(0)).toBe(0)
  expect(zoneOf('PST').offsetSeconds(1767600000)).toBe(-28800)
  for (const bad of ['', 'Mars/Base', 'america/new_york', '+19:00', 'UTC+', 'utc', 'Europe/paris'])
    expect([bad, findZone(bad)]).toEqual([bad, null])
  expect(() => zoneOf('Mars/Base')).toThrow(expect.objectContaining({ code: 'INVALID_TIMEZONE' }))
})
