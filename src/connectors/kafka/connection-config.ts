import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { OptionError } from '../../errors/errors.ts'
import type { KafkaSettings } from './settings.ts'
import type { Address } from './wire/connection.ts'

export type SaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

/** How brokers are reached: what `kafka.*` options say of it, checked. */
export interface ConnectionConfig {
  readonly bootstrap: readonly Address[]
  readonly clientId: string
  readonly securityProtocol: string
  /** Null: no encryption. */
  readonly tls: ConnectionOptions | null
  /** Null: nobody logs in. */
  readonly sasl: { readonly mechanism: SaslMechanism; readonly username: string; readonly password: string } | null
  readonly connectTimeoutMs: number
  /** A request not answered within this is given up with its connection. */
  readonly requestTimeoutMs: number
  /** What may be tried again is, for this long. */
  readonly apiTimeoutMs: number
  readonly retryBackoffMs: number
}

const PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']

/** Reads the settings of a connection. Throws OptionError; never shows a secret. */
export function connectionConfig(settings: KafkaSettings): ConnectionConfig {
  const protocol = settings.oneOf('security.protocol', PROTOCOLS, 'PLAINTEXT')
  return {
    bootstrap: bootstrapOf(settings),
    clientId: settings.text('client.id') ?? 'millrace',
    securityProtocol: protocol,
    tls: protocol.endsWith('SSL') ? tlsOf(settings) : null,
    sasl: protocol.startsWith('SASL') ? saslOf(settings) : null,
    connectTimeoutMs: settings.int('socket.connection.setup.timeout.ms', 10_000, 1),
    requestTimeoutMs: settings.int('request.timeout.ms', 30_000, 1),
    apiTimeoutMs: settings.int('default.api.timeout.ms', 60_000, 1),
    retryBackoffMs: settings.int('retry.backoff.ms', 100, 1),
  }
}

function bootstrapOf(settings: KafkaSettings): readonly Address[] {
  const text = settings.text('bootstrap.servers') ?? ''
  const servers = text
    .split(',')
    .map((s) => s.trim())
    .filter((s) => s !== '')
  if (servers.length === 0)
    throw new OptionError(
      'OPTION_MISSING',
      { format: 'kafka', option: 'kafka.bootstrap.servers' },
      { hint: 'one or more brokers, host:port, with commas' },
    )
  return servers.map((server) => {
    const [, host, port] = /^(?:\w+:\/\/)?(\[[^\]]+\]|[^:]+):(\d+)$/.exec(server) ?? []
    if (host === undefined || !(Number(port) > 0 && Number(port) < 65536))
      throw settings.invalid('bootstrap.servers', 'host:port, more with commas,')
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
  })
}

function saslOf(settings: KafkaSettings): ConnectionConfig['sasl'] {
  const mechanism = settings.oneOf('sasl.mechanism', MECHANISMS, 'PLAIN') as SaslMechanism
  const jaas = settings.text('sasl.jaas.config') ?? ''
  const value = (name: string): string | undefined => {
    const found = new RegExp(`\\b${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;"]+))`).exec(jaas)
    return found === null ? undefined : (found[1]?.replace(/\\(.)/g, '$1') ?? found[2])
  }
  const [username, password] = [value('username'), value('password')]
  if (username === undefined || password === undefined)
    throw settings.invalid(
      'sasl.jaas.config',
      'a login module with username="…" and password="…"',
      'org.apache.kafka.common.security.scram.ScramLoginModule required username="…" password="…";',
    )
  return { mechanism, username, password }
}

function tlsOf(settings: KafkaSettings): ConnectionOptions {
  const algorithm = settings.text('ssl.endpoint.identification.algorithm') ?? 'https'
  if (algorithm !== '' && algorithm.toLowerCase() !== 'https')
    throw settings.invalid('ssl.endpoint.identification.algorithm', 'https, or nothing to check no host names,')
  const out: ConnectionOptions = {}
  if (algorithm === '') out.checkServerIdentity = () => undefined
  const trusted = settings.text('ssl.truststore.certificates') ?? storeOf(settings, 'ssl.truststore', ['PEM'])
  if (trusted !== undefined) out.ca = trusted
  const chain = settings.text('ssl.keystore.certificate.chain')
  if (chain !== undefined) {
    out.cert = chain
    out.key = settings.text('ssl.keystore.key')
  } else {
    const store = storeOf(settings, 'ssl.keystore', ['PEM', 'PKCS12'])
    if (settings.text('ssl.keystore.type')?.toUpperCase() === 'PKCS12') out.pfx = store
    else if (store !== undefined) [out.cert, out.key] = [store, store]
  }
  const passphrase = settings.text('ssl.key.password') ?? settings.text('ssl.keystore.password')
  if (passphrase !== undefined) out.passphrase = passphrase
  return out
}

function storeOf(settings: KafkaSettings, store: string, types: readonly string[]): Buffer | undefined {
  const path = settings.text(`${store}.location`)
  if (path === undefined) return undefined
  const type = settings.text(`${store}.type`) ?? 'JKS'
  if (!types.includes(type.toUpperCase()))
    throw settings.invalid(
      `${store}.type`,
      types.join(' or '),
      `keytool -exportcert -rfc writes PEM from a Java store; then set kafka.${store}.type to PEM`,
    )
  try {
    return readFileSync(path)
  } catch (cause) {
    throw settings.invalid(`${store}.location`, 'a file that can be read', String((cause as Error).message))
  }
}
