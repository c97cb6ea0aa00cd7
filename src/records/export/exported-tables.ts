/** What an export has of one table. */
export interface ExportedTable {
  readonly name: string;
  /** Columns that together name a row, with their types; rows come in this order. */
  readonly key: readonly (readonly [column: string, type: string])[];
  readonly columns: readonly string[];
}

const ID = [['id', 'uuid']] as const;

/**
 * Everything of a tenant, table by table and column by column: what isn't named here doesn't leave. Tokens, hashes, keys
 * and what sending needs for itself are not named.
 */
export const EXPORTED_TABLES: readonly ExportedTable[] = [
  {
    name: 'tenants',
    key: ID,
    columns: [
      'id',
      'name',
      'language',
      'time_zone',
      'state',
      'state_reason',
      'state_changed_at',
      'plan_id',
      'retention_days',
      'are_schedules_approved',
      'created_at',
    ],
  },
  { name: 'members', key: [['user_id', 'uuid']], columns: ['user_id', 'role', 'created_at'] },
  {
    name: 'users',
    key: ID,
    columns: ['id', 'email', 'email_confirmed_at', 'name', 'language', 'created_at'],
  },
  {
    name: 'invitations',
    key: ID,
    columns: [
      'id',
      'email',
      'role',
      'invited_by',
      'created_at',
      'expires_at',
      'mails_sent',
      'mailed_at',
      'ended_at',
      'ended_reason',
    ],
  },
  {
    name: 'api_keys',
    key: ID,
    columns: ['id', 'name', 'role', 'scopes', 'created_by', 'created_at', 'expires_at', 'last_used_at'],
  },
  {
    name: 'support_accesses',
    key: ID,
    columns: ['id', 'operator_id', 'reason', 'created_at', 'expires_at', 'ended_at', 'ended_by'],
  },
  {
    name: 'bots',
    key: ID,
    columns: [
      ...[
        'id',
        'no',
        'environment',
        'api_root',
        'telegram_id',
        'name',
        'username',
        'first_name',
        'time_zone',
        'updates_mode',
      ],
      ...['state', 'state_reason', 'state_changed_at', 'created_at'],
    ],
  },
  {
    name: 'contacts',
    key: ID,
    columns: [
      ...['id', 'bot_id', 'telegram_user_id', 'first_name', 'last_name', 'username', 'language_code'],
      ...['first_seen_at', 'last_seen_at'],
    ],
  },
  {
    name: 'chats',
    key: ID,
    columns: [
      ...['id', 'no', 'bot_id', 'contact_id', 'telegram_chat_id', 'type', 'title', 'username', 'state'],
      ...[
        'state_reason',
        'state_changed_at',
        'time_zone',
        'time_zone_source',
        'first_seen_at',
        'last_seen_at',
      ],
    ],
  },
  { name: 'tags', key: ID, columns: ['id', 'name', 'created_at'] },
  {
    name: 'chat_tags',
    key: [
      ['tag_id', 'uuid'],
      ['chat_id', 'uuid'],
    ],
    columns: ['tag_id', 'chat_id', 'created_at'],
  },
  { name: 'messages', key: ID, columns: ['id', 'content', 'created_at', 'archived_at'] },
  {
    name: 'assets',
    key: ID,
    columns: ['id', 'file_name', 'content_type', 'size_bytes', 'sha256', 'state', 'created_at'],
  },
  {
    name: 'schedules',
    key: ID,
    columns: [
      ...['id', 'name', 'message_id', 'audience', 'rule', 'time_zone', 'state', 'state_reason'],
      ...['ends_at', 'max_runs', 'runs', 'except_dates', 'within', 'missed_policy', 'grace_seconds'],
      ...['overlap_policy', 'local_time_of', 'zone_runs', 'paused_at', 'next_run_at', 'last_run_at'],
      ...['recycles', 'pin', 'delete_previous', 'delete_after_seconds', 'queue_id', 'post_at'],
      ...['refusal', 'created_at', 'updated_at'],
    ],
  },
  { name: 'stack_messages', key: ID, columns: ['id', 'schedule_id', 'message_id', 'position'] },
  {
    name: 'post_queues',
    key: ID,
    columns: ['id', 'chat_id', 'time_zone', 'slots', 'created_at', 'updated_at'],
  },
  { name: 'quiet_hours', key: ID, columns: ['id', 'bot_id', 'hours', 'policy'] },
  {
    name: 'occurrences',
    key: ID,
    columns: ['id', 'schedule_id', 'due_at', 'time_zone', 'state', 'reason', 'broadcast_id', 'created_at'],
  },
  {
    name: 'sequences',
    key: ID,
    columns: ['id', 'no', 'name', 'bot_ids', 'again', 'grace_seconds', 'state', 'created_at', 'updated_at'],
  },
  {
    name: 'sequence_steps',
    key: ID,
    columns: [
      ...['id', 'sequence_id', 'position', 'after', 'unit', 'at', 'message_id', 'sent', 'missed', 'skipped'],
    ],
  },
  {
    name: 'enrollments',
    key: [
      ['sequence_no', 'bigint'],
      ['chat_no', 'bigint'],
    ],
    columns: ['sequence_no', 'chat_no', 'passed', 'enrolled_at', 'due_at', 'state'],
  },
  {
    name: 'step_runs',
    key: ID,
    columns: [
      ...['id', 'sequence_id', 'step_id', 'due_at', 'chats', 'state', 'reason', 'broadcast_id', 'created_at'],
    ],
  },
  {
    name: 'broadcasts',
    key: ID,
    columns: [
      ...['id', 'no', 'kind', 'target_id', 'message_id', 'audience', 'schedule_id', 'sequence_id', 'due_at'],
      ...['planned_on', 'state', 'state_reason', 'planned', 'ambiguity_policy', 'max_stars', 'created_at'],
      ...['planned_at', 'ended_at', 'totals', 'pin_notifies', 'queue_id'],
    ],
  },
  {
    name: 'follow_ups',
    key: ID,
    columns: [
      ...['id', 'broadcast_id', 'kind', 'after_seconds', 'pin_notifies', 'state', 'reason', 'change_id'],
      'created_at',
    ],
  },
  {
    name: 'deliveries',
    key: [
      ['planned_on', 'date'],
      ['class', 'smallint'],
      ['source_no', 'bigint'],
      ['chat_no', 'bigint'],
    ],
    columns: [
      ...['planned_on', 'class', 'source_no', 'chat_no', 'bot_no', 'state', 'attempt', 'sending_at'],
      ...['settled_at', 'message_id', 'reason'],
    ],
  },
  {
    name: 'updates',
    key: [
      ['bot_no', 'bigint'],
      ['update_id', 'bigint'],
    ],
    columns: ['bot_no', 'update_id', 'payload', 'received_at', 'settled_at'],
  },
  {
    name: 'replies',
    key: [['no', 'bigint']],
    columns: ['no', 'bot_no', 'update_id', 'n', 'method', 'parameters', 'created_at'],
  },
  {
    name: 'webhook_endpoints',
    key: ID,
    columns: ['id', 'url', 'description', 'events', 'state', 'state_reason', 'failing_since', 'created_at'],
  },
  {
    name: 'webhook_deliveries',
    key: ID,
    columns: ['id', 'endpoint_id', 'contact_id', 'event', 'data', 'state', 'attempts', 'created_at'],
  },
  {
    name: 'webhook_attempts',
    key: ID,
    columns: ['id', 'delivery_id', 'at', 'duration_ms', 'status', 'failure', 'answer'],
  },
  {
    name: 'audit_entries',
    key: ID,
    columns: [
      ...['id', 'number', 'at', 'actor_kind', 'actor_id', 'action', 'subject_kind', 'subject_id', 'details'],
      'hash',
    ],
  },
];

/** Columns of those tables that an export leaves out, each with its reason; `tenant_id` is the same in all. */
export const NOT_EXPORTED_COLUMNS: Readonly<Record<string, string>> = {
  'api_keys.secret_hash': 'a secret',
  'bots.token_ciphertext': 'a secret',
  'bots.token_key_version': 'of a secret',
  'bots.token_fingerprint': 'of a secret',
  'bots.webhook_path': 'a secret',
  'bots.webhook_url': 'has a secret in it',
  'invitations.token_hash': 'a secret',
  'users.password_hash': 'a secret, and of people, not of the tenant',
  'users.credential_version': 'of people, not of the tenant',
  'users.without_tenant_since': 'of people who belong to no tenant',
  'webhook_endpoints.secret_ciphertext': 'a secret',
  'webhook_endpoints.secret_key_version': 'of a secret',
  'webhook_endpoints.old_secret_ciphertext': 'a secret',
  'webhook_endpoints.old_secret_key_version': 'of a secret',
  'webhook_endpoints.old_secret_until': 'of a secret',
  'webhook_deliveries.next_attempt_at': 'what sending notes for itself',
  'broadcasts.time_zone': '`audience` says the same',
  'broadcasts.plan_cursor': 'what sending notes for itself',
  'broadcasts.plan_cursor_chat_no': 'what sending notes for itself',
  'broadcasts.resend_states': 'what sending notes for itself',
  'broadcasts.resend_reasons': 'what sending notes for itself',
  'broadcasts.are_totals_true': 'what sending notes for itself',
  'broadcasts.expected': 'what quotas note for themselves; `planned` is what became of it',
  'chats.migrated_at': 'what sending notes for itself',
  'chats.bot_no': 'the bot by its number; bot_id says the same',
  'deliveries.is_open': 'what sending notes for itself',
  'deliveries.epoch': 'what sending notes for itself',
  'deliveries.not_before': 'what sending notes for itself',
  'sequences.retime_after': 'what sending notes for itself',
  'follow_ups.look_at': 'what sending notes for itself',
  'occurrences.retry_at': 'what sending notes for itself',
  'updates.chat_key': 'what receiving notes for itself; the payload has the chat',
  'updates.attempts': 'what receiving notes for itself',
  'updates.retry_at': 'what receiving notes for itself',
  'updates.failure': 'what receiving notes for itself',
};

/** Tables of tenants that an export leaves out, each with its reason. */
export const NOT_EXPORTED: Readonly<Record<string, string>> = {
  tenant_data_keys: 'secrets',
  sessions: 'of people, not of the tenant',
  refresh_tokens: 'secrets',
  calendar_feeds: 'secrets',
  idempotency_keys: 'answers that the other tables have too',
  polling: 'what sending and receiving note for themselves',
  lanes: 'what sending and receiving note for themselves',
  asset_chunks: 'in the archive as files',
  asset_files: 'names that one bot has for a file',
  audit_heads: 'the last entry says the same',
  exports: 'the archive itself',
  export_chunks: 'the archive itself',
  tenant_deletions: 'secrets',
};
