/** What stands for a value that is not to be seen, as in Spark. */
const REDACTED = '*********(redacted)'

/** Names of options whose values are secrets: those Spark redacts, and Kafka's logins and private keys. */
const SECRET = /secret|password|token|access[._]?key|jaas|keystore\.key$/i

/** The login in front of the host of a URL (a password that was not encoded may hold anything), and passwords among its parameters. */
const IN_URL = /^([a-z][a-z0-9+.-]*:\/\/).*@|([?&][^=&]*(?:password|secret|token)[^=&]*=)[^&]*/gi

/** The value of an option as it may be shown: in errors, listings and logs. */
export const shown = (option: string, value: string): string =>
  SECRET.test(option)
    ? REDACTED
    : value.replace(IN_URL, (_, scheme: string | undefined, parameter: string | undefined) =>
        scheme === undefined ? `${parameter ?? ''}${REDACTED}` : `${scheme}${REDACTED}@`,
      )
