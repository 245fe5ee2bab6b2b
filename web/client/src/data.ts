// What `data` of each frame holds; proto/README.md is the contract. Fields that a newer server adds are there too.

export interface Welcome {
  readonly session: string
  readonly node: string
  readonly user: string
  readonly heartbeat_interval_ms: number
  readonly token_expires_at: string
  readonly version: string
}

export interface Disconnect {
  readonly code: number
  readonly reason: string
  readonly reconnect: boolean
  readonly retry_after_ms?: number
}

export interface TokenExpiry {
  readonly expires_at: string
}

export interface SystemInfo {
  readonly node: string
  readonly hostname: string
  readonly os: string
  readonly kernel: string
  readonly cpu_cores: number
  readonly cpu_percent: number
  readonly memory_total_bytes: number
  readonly memory_used_bytes: number
  readonly load_1m: number
  readonly uptime_seconds: number
  readonly process_rss_bytes: number
  readonly connections: number
  /** On `system:metrics` only. */
  readonly traffic?: Traffic
}

/** What a node has delivered since its start: totals. */
export interface Traffic {
  readonly draining: boolean
  /** Publications, each once however many read it. */
  readonly messages_total: number
  /** Frames of them that were sent to sockets. */
  readonly frames_total: number
  /** Connections that ended, by close code; `peer`: the client ended it. */
  readonly closes_total: Readonly<Record<string, number>>
  /** Deliveries by how long they took from the publish to the write. */
  readonly delivery: {
    /** Upper bounds of the buckets, ascending. */
    readonly bounds_seconds: readonly number[]
    /** Of each bucket, and last of what is above all of them. */
    readonly counts_total: readonly number[]
  }
}

export interface Action {
  readonly id?: string
  readonly label?: string
  readonly url?: string
  readonly [field: string]: unknown
}

export interface Notification {
  readonly id: string
  readonly n: number
  readonly title: string
  readonly content?: string
  readonly level?: string
  readonly priority?: number
  readonly msg_type?: string
  readonly link_type?: string
  readonly link_id?: string
  readonly link?: string
  readonly actions?: readonly Action[]
  readonly actor?: unknown
  readonly thread_key?: string
  readonly collapse_key?: string
  readonly created_at: string
  readonly expires_at?: string
  readonly extra?: unknown
}

/** What is unread, as absolute numbers. Versions compare within one `basis` only. */
export interface Counts {
  readonly unread: number
  readonly by_channel: Readonly<Record<string, number>>
  readonly by_type: Readonly<Record<string, number>>
  readonly basis: string
  readonly version: number
  readonly at_least?: boolean
}

/** What was marked, by this session or another one of the same user. */
export interface Change {
  readonly change: 'read' | 'unread' | 'archive' | 'read_up_to'
  readonly id?: string
  readonly marks: readonly { readonly channel: string; readonly n: number }[]
  readonly counts?: Counts
}

export interface Person {
  readonly user: string
  readonly name?: string
}

export interface PresenceData {
  readonly count: number
  /** Left out where there are too many to list. */
  readonly users?: readonly Person[]
  readonly at_least?: boolean
}

export interface Published {
  readonly n: number
  readonly cursor: string
}

export interface Retracted {
  readonly id: string
  readonly n: number
}

/** Why what was missed cannot be had: load a snapshot, then go on. */
export interface Reset {
  readonly reason: 'epoch_changed' | 'history_trimmed' | 'cursor_unknown' | (string & {})
}
