/**
 * Every name's and every number's limit, in one place. Amazon's own are marked (SQS); the others are Pabal's.
 * Lengths in bytes say so; lengths in characters count Unicode code points.
 */

export const SECOND_MS = 1000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** Body and message attributes (names, types, values) together, and the sum over a batch (SQS, since August 2025). */
export const MESSAGE_BYTES_MAX = 1_048_576
export const BATCH_BYTES_MAX = 1_048_576
export const BATCH_ENTRIES_MAX = 10
export const BATCH_ENTRY_ID_CHARS_MAX = 80
export const MESSAGE_ATTRIBUTES_MAX = 10
export const ATTRIBUTE_NAME_CHARS_MAX = 256
export const ATTRIBUTE_TYPE_CHARS_MAX = 256

/** Queues of one broker; each costs a few kilobytes of memory. */
export const QUEUES_MAX = 100_000
/** All queues' definitions together: every segment of the log begins with them, and is 64 MiB. */
export const DEFINITIONS_BYTES_MAX = 16 * 1024 * 1024
/** Live messages of one broker: about 9 GB of index. */
export const MESSAGES_MAX = 100_000_000
/** Remembered at once by a FIFO queue, of deduplication ids and of receive attempts each: a Map holds 16.7 million. */
export const DEDUPLICATION_IDS_MAX = 10_000_000

/** Shards that a queue may be spread over. */
export const PARTS_MAX = 256

/** Names without a queue for which a shard remembers what came to them from other shards. */
export const NAMES_WITH_ARRIVALS_MAX = 10_000

/** Queues of one shard that are fed from a topic of Kafka. */
export const SOURCES_MAX = 100
export const SOURCE_PARTITIONS_MAX = 100
/** A topic is not read on while so many messages of its queue wait, or so much is not durable yet. */
export const SOURCE_WAITING_MAX = 10_000
export const SOURCE_STAGED_BYTES_MAX = 8 * 1024 * 1024

export const QUEUE_NAME_CHARS_MAX = 80
/** MessageGroupId, MessageDeduplicationId and ReceiveRequestAttemptId (SQS). */
export const GROUP_ID_CHARS_MAX = 128
export const TAGS_MAX = 50
export const TAG_KEY_CHARS_MAX = 128
export const TAG_VALUE_CHARS_MAX = 256
export const LABEL_CHARS_MAX = 80

export const RECEIVE_MESSAGES_MAX = 10
export const WAIT_SECONDS_MAX = 20
export const DELAY_SECONDS_MAX = 900
export const VISIBILITY_SECONDS_MAX = 43_200
/** A lease may be extended, but never past this long after the receive that began it (SQS). */
export const LEASE_MS_MAX = VISIBILITY_SECONDS_MAX * SECOND_MS
export const RETENTION_SECONDS_MIN = 60
export const RETENTION_SECONDS_MAX = 1_209_600
export const MESSAGE_BYTES_LIMIT_MIN = 1024
export const MAX_RECEIVE_COUNT_MAX = 1000
export const REDRIVE_SOURCES_MAX = 10

/** Deduplication ids and receive attempt ids are remembered this long (SQS). */
export const DEDUPLICATION_MS = 5 * MINUTE_MS
export const ATTEMPT_MS = 5 * MINUTE_MS
/** A changed DeduplicationScope takes effect after the time that SQS allows an attribute change to spread. */
export const SCOPE_CHANGE_MS = MINUTE_MS
export const IN_FLIGHT_MAX = 120_000

/** The two waits that `--aws-waits` enforces (SQS). */
export const PURGE_WAIT_MS = MINUTE_MS
export const RECREATE_WAIT_MS = MINUTE_MS

export const POLICY_BYTES_MAX = 8192
export const POLICY_STATEMENTS_MAX = 20
export const POLICY_ACTIONS_MAX = 7
export const LIST_RESULTS_MAX = 1000
/** Accounts in one AddPermission (SQS: principals of a policy). */
export const PERMISSION_ACCOUNTS_MAX = 50
/** Names in each of a receive's lists of attributes: their count times that of the messages is work. */
export const ATTRIBUTE_NAMES_ASKED_MAX = 1000
/** A Query request's parameters: the largest batch has about 1,000. */
export const QUERY_PARAMETERS_MAX = 5000

export const MOVE_RATE_MAX = 500
export const MOVE_TASK_MS_MAX = 36 * HOUR_MS
export const MOVE_TASKS_ACTIVE_MAX = 100
/** A move task to another shard waits so long when so many of its messages have yet to arrive. */
export const DEPARTURES_PER_TASK_MAX = 10_000
export const DEPARTURES_WAIT_MS = 50
/** Ended move tasks are listed for as long as there are no more than this many per source queue. */
export const MOVE_TASKS_KEPT = 10

/** `pabal.priority` runs from 0, which a message without it has, to 9, which is delivered first. */
export const PRIORITIES = 10
/** Every tenth delivery goes to the priority whose next message has waited longest, so that none starves. */
export const PRIORITY_GUARD_PERIOD = 10

/** A single receive moves at most this many exhausted messages away before it answers with what it has. */
export const EXHAUSTED_PER_RECEIVE_MAX = 1000
