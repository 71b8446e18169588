import { expect, test } from 'vitest'
import { millrace, type OptionError } from '../../../src/index.ts'

const BASE = { 'kafka.bootstrap.servers': '127.0.0.1:1' }

/** What load() says of options. */
function fault(options: Readonly<Record<string, string | number>>, streaming = true): OptionError | null {
  const session = millrace()
  const reader = (streaming ? session.readStream : session.read).format('kafka')
  try {
    reader.options({ ...BASE, ...options }).load()
    return null
  } catch (error) {
    return error as OptionError
  }
}

test.each([
  'auto.offset.reset',
  'enable.auto.commit',
  'interceptor.classes',
  'key.deserializer',
  'value.deserializer',
  'transactional.id',
])('kafka.%s is refused, with what to do instead', (name) => {
  const error = fault({ subscribe: 't', [`kafka.${name}`]: 'x' })
  expect(error).toMatchObject({ code: 'OPTION_FORBIDDEN', params: { option: `kafka.${name}` } })
  expect(error!.hint).toBeTruthy()
})

test('the group id, other settings of clients, and the options of both sides are taken', () => {
  expect(
    fault({ subscribe: 't', 'kafka.group.id': 'g', 'kafka.max.poll.records': 10, 'KAFKA.Client.ID': 'x', topic: 't' }),
  ).toBeNull()
})

test.each([
  [{}, 'OPTION_MISSING', /exactly one/],
  [{ subscribe: 't', assign: '{"t":[0]}' }, 'OPTION_MISSING', /exactly one/],
  [{ subscribe: 'a b' }, 'OPTION_INVALID', /./],
  [{ subscribePattern: '(' }, 'OPTION_INVALID', /./],
  [{ assign: '{"t":0}' }, 'OPTION_INVALID', /./],
  [{ subscribe: 't', startingOffset: 'latest' }, 'OPTION_UNKNOWN', /startingOffsets/],
  [{ subscribe: 't', 'kafka.isolation.lvel': 'x' }, 'OPTION_UNKNOWN', /isolation\.level/],
  [{ subscribe: 't', 'kafka.isolation.level': 'serializable' }, 'OPTION_INVALID', /./],
  [{ subscribe: 't', startingOffsets: 'first' }, 'OPTION_INVALID', /./],
  [{ subscribe: 't', startingOffsets: '{"t":{"0":-3}}' }, 'OPTION_INVALID', /./],
  [{ subscribe: 't', startingTimestamp: -5 }, 'OPTION_INVALID', /./],
  [{ subscribe: 't', startingOffsetsByTimestampStrategy: 'next' }, 'OPTION_INVALID', /./],
  [{ subscribe: 't', maxOffsetsPerTrigger: 0 }, 'OPTION_INVALID', /./],
  [{ subscribe: 't', minOffsetsPerTrigger: 5, maxOffsetsPerTrigger: 2 }, 'OPTION_INVALID', /./],
  [{ subscribe: 't', endingOffsets: 'latest' }, 'OPTION_FORBIDDEN', /session\.read/],
  [{ subscribe: 't', 'kafka.security.protocol': 'TLS' }, 'OPTION_INVALID', /./],
  [{ subscribe: 't', 'kafka.bootstrap.servers': 'nowhere' }, 'OPTION_INVALID', /./],
] as const)('%j is refused at load', (options, code, says) => {
  const error = fault(options as Readonly<Record<string, string>>)
  expect(error).toMatchObject({ code })
  expect(error!.message).toMatch(says)
})

test('a bounded read begins before its end', () => {
  expect(fault({ subscribe: 't', startingOffsets: 'latest' }, false)).toMatchObject({ code: 'OPTION_INVALID' })
  expect(fault({ subscribe: 't', endingOffsets: 'earliest' }, false)).toMatchObject({ code: 'OPTION_INVALID' })
  expect(fault({ subscribe: 't', endingOffsets: '{"t":{"0":-2}}' }, false)).toMatchObject({ code: 'OPTION_INVALID' })
})

test('secrets are not shown by the errors on them', () => {
  const secure = { subscribe: 't', 'kafka.security.protocol': 'SASL_SSL' }
  const error = fault({ ...secure, 'kafka.sasl.jaas.config': 'password="hunter2"' })
  expect(error).toMatchObject({ code: 'OPTION_INVALID', params: { value: '*********(redacted)' } })
  expect(error!.message).not.toContain('hunter2')
})

test('a Java key store is refused with the way to PEM', () => {
  const error = fault({
    subscribe: 't',
    'kafka.security.protocol': 'SSL',
    'kafka.ssl.truststore.location': '/etc/trust.jks',
  })
  expect(error).toMatchObject({ code: 'OPTION_INVALID', params: { option: 'kafka.ssl.truststore.type' } })
  expect(error!.hint).toMatch(/keytool/)
})
