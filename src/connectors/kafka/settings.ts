import { OptionError } from '../../errors/errors.ts'
import { nearestName } from '../../errors/suggest.ts'
import type { Options, OptionSpecs } from '../provider.ts'
import { shown } from '../redact.ts'

/** Settings of Kafka's clients (`kafka.<name>`) that are followed. */
const FOLLOWED = [
  'bootstrap.servers',
  'client.id',
  'security.protocol',
  'sasl.mechanism',
  'sasl.jaas.config',
  'ssl.truststore.type',
  'ssl.truststore.location',
  'ssl.truststore.certificates',
  'ssl.keystore.type',
  'ssl.keystore.location',
  'ssl.keystore.password',
  'ssl.keystore.certificate.chain',
  'ssl.keystore.key',
  'ssl.key.password',
  'ssl.endpoint.identification.algorithm',
  'request.timeout.ms',
  'default.api.timeout.ms',
  'socket.connection.setup.timeout.ms',
  'retry.backoff.ms',
  'group.id',
  'isolation.level',
  'fetch.max.bytes',
  'max.partition.fetch.bytes',
  'check.crcs',
  'acks',
  'enable.idempotence',
  'compression.type',
  'batch.size',
  'max.request.size',
  'transaction.timeout.ms',
]

/** Settings that tune what there is not here (consumer groups, background threads): taken, so that programs port. */
const WITHOUT_EFFECT = [
  'allow.auto.create.topics',
  'auto.commit.interval.ms',
  'buffer.memory',
  'client.dns.lookup',
  'client.rack',
  'connections.max.idle.ms',
  'delivery.timeout.ms',
  'exclude.internal.topics',
  'fetch.max.wait.ms',
  'fetch.min.bytes',
  'heartbeat.interval.ms',
  'linger.ms',
  'max.block.ms',
  'max.in.flight.requests.per.connection',
  'max.poll.interval.ms',
  'max.poll.records',
  'metadata.max.age.ms',
  'receive.buffer.bytes',
  'reconnect.backoff.max.ms',
  'reconnect.backoff.ms',
  'retries',
  'retry.backoff.max.ms',
  'send.buffer.bytes',
  'session.timeout.ms',
  'socket.connection.setup.timeout.max.ms',
  'ssl.enabled.protocols',
  'ssl.protocol',
  'ssl.truststore.password',
]

/** Settings that would change what the source or sink promises, and what to say of them. */
const FORBIDDEN: Readonly<Record<string, string>> = {
  'auto.offset.reset': 'startingOffsets says where to begin; the checkpoint where to go on',
  'enable.auto.commit': 'offsets are in the checkpoint, nothing is committed to Kafka',
  'interceptor.classes': 'there are no interceptors: transform the columns',
  'key.deserializer': 'keys are BINARY: CAST(key AS STRING), or from_json',
  'value.deserializer': 'values are BINARY: CAST(value AS STRING), or from_json',
  'key.serializer': 'the column key is STRING or BINARY: cast it',
  'value.serializer': 'the column value is STRING or BINARY: cast it',
  'transactional.id': 'it comes from the checkpoint, so that a second run fences the first',
  'partitioner.class': 'give a column partition; without one the key says where a record goes, as in the Java client',
}

/** The `kafka.*` settings among the options of a source or sink, by name without the prefix. */
export class KafkaSettings {
  readonly #values: ReadonlyMap<string, string>

  /** Throws OptionError for settings that are forbidden or not known, and for options neither `specs` nor the other side have. */
  constructor(options: Options, specs: OptionSpecs) {
    const values = new Map<string, string>()
    const declared = new Set(Object.keys(specs).map((name) => name.toLowerCase()))
    for (const [key, value] of Object.entries(options)) {
      const name = key.toLowerCase()
      if (name.startsWith('kafka.')) values.set(checked(name.slice(6)), String(value))
      else if (!declared.has(name)) throw unknown(key, Object.keys(specs))
    }
    this.#values = values
  }

  text(name: string): string | undefined {
    return this.#values.get(name)
  }

  int(name: string, otherwise: number, least: number): number {
    const text = this.#values.get(name)
    if (text === undefined) return otherwise
    const value = Number(text.trim())
    if (!/^-?\d+$/.test(text.trim()) || value < least || value > 0x7fffffff)
      throw this.invalid(name, `a whole number from ${least}`)
    return value
  }

  boolean(name: string, otherwise: boolean): boolean {
    const text = this.#values.get(name)?.toLowerCase()
    if (text === undefined) return otherwise
    if (text !== 'true' && text !== 'false') throw this.invalid(name, 'true or false')
    return text === 'true'
  }

  /** One of `values`, without regard to case. */
  oneOf(name: string, values: readonly string[], otherwise: string): string {
    const text = this.#values.get(name)
    if (text === undefined) return otherwise
    const found = values.find((v) => v.toLowerCase() === text.trim().toLowerCase())
    if (found === undefined) throw this.invalid(name, `one of ${values.join(', ')}`)
    return found
  }

  /** An OptionError on a setting; secrets are not shown. */
  invalid(name: string, expected: string, hint?: string): OptionError {
    const value = shown(name, this.#values.get(name) ?? '')
    return new OptionError('OPTION_INVALID', { format: 'kafka', option: `kafka.${name}`, value, expected }, { hint })
  }
}

function checked(name: string): string {
  const why = FORBIDDEN[name]
  if (why !== undefined)
    throw new OptionError('OPTION_FORBIDDEN', { format: 'kafka', option: `kafka.${name}` }, { hint: why })
  if (!FOLLOWED.includes(name) && !WITHOUT_EFFECT.includes(name))
    throw unknown(
      `kafka.${name}`,
      [...FOLLOWED, ...WITHOUT_EFFECT].map((n) => `kafka.${n}`),
    )
  return name
}

function unknown(option: string, known: readonly string[]): OptionError {
  const near = nearestName(option, known)
  return new OptionError(
    'OPTION_UNKNOWN',
    { format: 'kafka', option },
    { hint: near ? `did you mean "${near}"?` : 'settings of the client begin with kafka., see docs/kafka.md' },
  )
}
