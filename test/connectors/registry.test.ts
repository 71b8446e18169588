import { describe, expect, it } from 'vitest'
import { validateOptions } from '../../src/connectors/options.ts'
import { sinkProvider, SINKS, sourceProvider, SOURCES } from '../../src/connectors/registry.ts'
import { AnalysisError, OptionError } from '../../src/errors/errors.ts'

describe('the registry', () => {
  it('finds by name without regard to case', () => {
    for (const p of SOURCES) expect(sourceProvider(p.format.toUpperCase())).toBe(p)
    for (const p of SINKS) expect(sinkProvider(p.format.toUpperCase())).toBe(p)
  })
  it('names the nearest', () => {
    expect(() => sourceProvider('jsn')).toThrow(AnalysisError)
    expect(() => sourceProvider('jsn')).toThrow(/DATA_SOURCE_NOT_FOUND.*42K02\nhint: did you mean "json"\?/s)
    expect(() => sinkProvider('consol')).toThrow(/did you mean "console"/)
    expect(() => sinkProvider('qqqqqqqq')).toThrow(/there are console, foreach, foreachBatch/)
  })
})

describe('validateOptions', () => {
  const specs = {
    path: { type: 'string', doc: 'Where.', required: true },
    rowLimit: { type: 'int', doc: 'Rows.', default: 5 },
    on: { type: 'boolean', doc: 'On.' },
    wait: { type: 'duration', doc: 'Wait.' },
    size: { type: 'bytes', doc: 'Size.' },
  } as const
  const check = (o: Record<string, string | number | boolean>) => validateOptions('thing', specs, { path: 'p', ...o })

  it('reads values by type', () => {
    expect(check({ ROWLIMIT: '7', On: 'TRUE', wait: '1.5 seconds', size: '4mb' })).toEqual({
      path: 'p',
      rowLimit: 7,
      on: true,
      wait: 1500,
      size: 4194304,
    })
    expect(check({ on: false, wait: 20, size: 10 })).toEqual({ path: 'p', rowLimit: 5, on: false, wait: 20, size: 10 })
    expect(['5 minutes', '1 week', '2h', '10ms', '3 days'].map((wait) => check({ wait })['wait'])).toEqual([
      300000, 604800000, 7200000, 10, 259200000,
    ])
  })
  it('refuses what it cannot read', () => {
    for (const bad of [
      { rowLimit: '1.5' },
      { rowLimit: '' },
      { on: 'yes' },
      { wait: 'soon' },
      { wait: '5 parsecs' },
      { size: '-1' },
      { rowlimits: '1' },
    ] as Record<string, string>[])
      expect(() => check(bad), JSON.stringify(bad)).toThrow(OptionError)
    expect(() => validateOptions('thing', specs, {})).toThrow(/OPTION_MISSING.*path/)
    expect(validateOptions('thing', specs, { path: 'p', 'kafka.x': '1' }, true)).toEqual({
      path: 'p',
      rowLimit: 5,
      'kafka.x': '1',
    })
  })
})
