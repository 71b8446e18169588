/** What a broker's error number means: its name in Kafka's own documents, and whether asking again may help. */
export interface KafkaErrorCode {
  readonly name: string
  readonly retriable: boolean
}

const final = (name: string): KafkaErrorCode => ({ name, retriable: false })
const again = (name: string): KafkaErrorCode => ({ name, retriable: true })

/** Those that clients of these requests meet. */
const CODES: Readonly<Record<number, KafkaErrorCode>> = {
  [-1]: final('UNKNOWN_SERVER_ERROR'),
  1: final('OFFSET_OUT_OF_RANGE'),
  2: again('CORRUPT_MESSAGE'),
  3: again('UNKNOWN_TOPIC_OR_PARTITION'),
  5: again('LEADER_NOT_AVAILABLE'),
  6: again('NOT_LEADER_OR_FOLLOWER'),
  7: again('REQUEST_TIMED_OUT'),
  8: again('BROKER_NOT_AVAILABLE'),
  9: again('REPLICA_NOT_AVAILABLE'),
  10: final('MESSAGE_TOO_LARGE'),
  12: final('OFFSET_METADATA_TOO_LARGE'),
  13: again('NETWORK_EXCEPTION'),
  14: again('COORDINATOR_LOAD_IN_PROGRESS'),
  15: again('COORDINATOR_NOT_AVAILABLE'),
  16: again('NOT_COORDINATOR'),
  17: final('INVALID_TOPIC_EXCEPTION'),
  18: final('RECORD_LIST_TOO_LARGE'),
  19: again('NOT_ENOUGH_REPLICAS'),
  20: again('NOT_ENOUGH_REPLICAS_AFTER_APPEND'),
  29: final('TOPIC_AUTHORIZATION_FAILED'),
  30: final('GROUP_AUTHORIZATION_FAILED'),
  31: final('CLUSTER_AUTHORIZATION_FAILED'),
  32: final('INVALID_TIMESTAMP'),
  33: final('UNSUPPORTED_SASL_MECHANISM'),
  34: final('ILLEGAL_SASL_STATE'),
  35: final('UNSUPPORTED_VERSION'),
  42: final('INVALID_REQUEST'),
  43: final('UNSUPPORTED_FOR_MESSAGE_FORMAT'),
  45: final('OUT_OF_ORDER_SEQUENCE_NUMBER'),
  46: final('DUPLICATE_SEQUENCE_NUMBER'),
  47: final('INVALID_PRODUCER_EPOCH'),
  48: final('INVALID_TXN_STATE'),
  49: final('INVALID_PRODUCER_ID_MAPPING'),
  50: final('INVALID_TRANSACTION_TIMEOUT'),
  51: again('CONCURRENT_TRANSACTIONS'),
  53: final('TRANSACTIONAL_ID_AUTHORIZATION_FAILED'),
  56: again('KAFKA_STORAGE_ERROR'),
  58: final('SASL_AUTHENTICATION_FAILED'),
  59: final('UNKNOWN_PRODUCER_ID'),
  70: again('FETCH_SESSION_ID_NOT_FOUND'),
  74: again('FENCED_LEADER_EPOCH'),
  75: again('UNKNOWN_LEADER_EPOCH'),
  76: final('UNSUPPORTED_COMPRESSION_TYPE'),
  78: again('OFFSET_NOT_AVAILABLE'),
  87: final('INVALID_RECORD'),
  88: again('UNSTABLE_OFFSET_COMMIT'),
  89: again('THROTTLING_QUOTA_EXCEEDED'),
  90: final('PRODUCER_FENCED'),
  100: again('UNKNOWN_TOPIC_ID'),
}

/** The meaning of an error number; one not known here is final. */
export const errorCode = (code: number): KafkaErrorCode => CODES[code] ?? final(`error ${code}`)
