/** One metric at `/metrics`: its kind, a sentence about it, its labels, and the upper bounds of a histogram's buckets. */
export interface MetricDefinition {
  kind: 'counter' | 'gauge' | 'histogram'
  help: string
  labels: readonly string[]
  buckets?: readonly number[]
}

const outsideSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/**
 * Every metric of the service, in the order of `/metrics`. Code that counts must name one of these, so that every name
 * is defined here. docs/operating.md explains each metric, and a test compares the two.
 */
export const metrics = {
  http_request_duration_seconds: {
    kind: 'histogram',
    help: 'Time from the request read to the answer sent, by route',
    labels: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  },
  http_request_failures_total: { kind: 'counter', help: 'Answers of 500 and above', labels: [] },
  http_connections_refused_total: {
    kind: 'counter',
    help: 'Connections refused because as many as allowed were open',
    labels: [],
  },
  http_connections_displaced_total: {
    kind: 'counter',
    help: 'Connections without a valid key that were closed to make room for others',
    labels: [],
  },
  mteja_authentication_failures_total: {
    kind: 'counter',
    help: 'Credentials that were refused, by surface; operator stands for the operator’s key',
    labels: ['surface'],
  },
  mteja_background_done_total: {
    kind: 'counter',
    help: 'Pieces of due work that this server has done, by task',
    labels: ['task'],
  },
  mteja_background_failures_total: {
    kind: 'counter',
    help: 'Failures of background work on this server, by task',
    labels: ['task'],
  },
  mteja_background_oldest_due_age_seconds: {
    kind: 'gauge',
    help: 'For how long the oldest piece of due work has waited or failed, by task; 0 when no work is due and none fails',
    labels: ['task'],
  },
  mteja_queue_waiting: { kind: 'gauge', help: 'Calls that wait for their batch, by queue', labels: ['queue'] },
  mteja_queue_batch_size: {
    kind: 'histogram',
    help: 'Calls that went to the database in one batch, by queue',
    labels: ['queue'],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  },
  mteja_queue_refused_total: {
    kind: 'counter',
    help: 'Calls refused because their queue was full, by queue',
    labels: ['queue'],
  },
  mteja_queue_batches_split_total: {
    kind: 'counter',
    help: 'Batches that failed as one and were repeated call by call, by queue',
    labels: ['queue'],
  },
  mteja_database_up: { kind: 'gauge', help: '1 when the database answered this scrape in time, 0 if not', labels: [] },
  mteja_database_connections_max: { kind: 'gauge', help: 'Connections the pool may open', labels: [] },
  mteja_database_connections_used: { kind: 'gauge', help: 'Connections of the pool that are in use', labels: [] },
  mteja_database_connections_waiting: {
    kind: 'gauge',
    help: 'Calls that wait for a free connection of the pool',
    labels: [],
  },
  mteja_database_size_bytes: { kind: 'gauge', help: 'Size of the database', labels: [] },
  mteja_database_last_maintenance_timestamp_seconds: {
    kind: 'gauge',
    help: 'Unix time at which a table was last vacuumed or analyzed; absent before the first time',
    labels: [],
  },
  mteja_webhook_deliveries_due: {
    kind: 'gauge',
    help: 'Webhook deliveries that are due and not under way, counted up to 10000',
    labels: [],
  },
  mteja_webhook_attempts_under_way: {
    kind: 'gauge',
    help: 'Webhook requests of this server that wait for an answer',
    labels: [],
  },
  mteja_webhook_attempt_duration_seconds: {
    kind: 'histogram',
    help: 'Time a webhook request took, by outcome: acknowledged, refused, unanswered or not_sent',
    labels: ['outcome'],
    buckets: outsideSeconds,
  },
  mteja_upstream_call_duration_seconds: {
    kind: 'histogram',
    help: 'Time a call to an upstream took, by upstream, operation and outcome',
    labels: ['upstream', 'operation', 'outcome'],
    buckets: outsideSeconds,
  },
  mteja_log_lines_dropped_total: {
    kind: 'counter',
    help: 'Log lines lost because standard output did not take them in time',
    labels: [],
  },
} as const satisfies Record<string, MetricDefinition>

export type MetricName = keyof typeof metrics

/** The names of the metrics of a kind. */
export type NameOf<Kind extends MetricDefinition['kind']> = {
  [Name in MetricName]: (typeof metrics)[Name]['kind'] extends Kind ? Name : never
}[MetricName]

/** A value for each label of a metric. */
export type LabelsOf<Name extends MetricName> = Readonly<Record<(typeof metrics)[Name]['labels'][number], string>>
