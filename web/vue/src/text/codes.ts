import type { Close } from '@fanfare/client'
import { inLocale, type Words } from './text'

/** What each close code means for whoever looks at it: [zh, en]. The codes are those of proto/README.md. */
const MEANINGS: Readonly<Record<number, Words>> = {
  1000: ['正常关闭', 'closed normally'],
  1001: [
    '对方离开：服务器正在滚动更新，或页面进入后台',
    'going away: the server is being replaced, or the page went away',
  ],
  1002: ['协议错误', 'protocol error'],
  1003: ['服务器不接受二进制消息', 'the server takes no binary messages'],
  1005: ['对方关闭了连接，没有说明原因', 'closed by the other side, without a reason'],
  1006: [
    '连接断了，没有收到关闭帧：网络中断，或服务器突然停止',
    'the connection broke without a close frame: the network failed, or the server stopped suddenly',
  ],
  1007: ['文本不是合法的 UTF-8', 'the text was not valid UTF-8'],
  1008: ['违反策略', 'policy violation'],
  1009: ['消息超过大小上限', 'the message was over the size limit'],
  1011: ['服务器内部错误', 'internal error of the server'],
  1012: ['服务器正在重启', 'the server restarts'],
  1013: ['服务器忙，请稍后再试', 'the server is busy; try again later'],
  4001: ['令牌无效、已过期或已被撤销', 'the token is not valid, has expired or was revoked'],
  4003: ['没有权限', 'not allowed'],
  4008: ['没有在限期内发送认证帧', 'no auth frame in time'],
  4009: ['太久没有收到客户端的任何数据', 'nothing was heard from the client for too long'],
  4010: ['客户端读得太慢', 'the client read too slowly'],
  4029: ['发送过于频繁', 'too many frames too fast'],
  4030: ['连接数达到上限', 'too many connections'],
  4040: ['被管理员断开', 'removed by an operator'],
}

/** What each error code means: those of the contract, and those of the client itself. */
const ERRORS: Readonly<Record<string, Words>> = {
  bad_json: ['不是有效的 JSON 对象', 'not a JSON object'],
  bad_message: ['缺少字段或字段有误', 'a field is missing or wrong'],
  unknown_type: ['没有谁回答这种消息', 'nobody answers this type'],
  too_large: ['超过大小上限', 'over the size limit'],
  rate_limited: ['发送过于频繁', 'too much, too fast'],
  unauthorized: ['没有有效的令牌或密钥', 'no valid token or key'],
  forbidden: ['没有权限', 'not allowed'],
  not_found: ['没有找到', 'there is no such thing'],
  conflict: ['与已有的内容冲突', 'it contradicts what is there'],
  timeout: ['没有按时得到回答；可能已经生效', 'no answer in time; it may have happened'],
  unavailable: ['服务暂时不可用', 'not available now'],
  internal: ['服务器内部错误', 'an internal error of the server'],
  not_open: ['没有连接，恢复后再试', 'there is no connection; try again when it is back'],
  disconnected: [
    '回答到来之前连接断了；可能已经生效',
    'the connection ended before the answer; it may have happened',
  ],
  closed: ['连接已关闭', 'the connection is closed'],
  full: ['等待发送的太多', 'too much waits to be sent'],
  expired: ['没有在期限内发出', 'it could not be sent in time'],
  overflow: ['读得太慢，丢了一部分', 'read too slowly, so something is missing'],
}

/** Reasons of the client itself, which never cross the wire, and of a `reset`. */
const REASONS: Readonly<Record<string, Words>> = {
  'no pong in time': ['服务器没有按时回应心跳', 'the server did not answer a heartbeat in time'],
  'no connection in time': ['没有在限期内连上', 'no connection in time'],
  'there is no token': ['没有令牌：请先登录', 'there is no token: log in first'],
  'the token was refused': ['令牌被拒绝', 'the token was refused'],
  'no fresh token yet': ['还没有新的令牌', 'there is no fresh token yet'],
  'no good url or token': ['地址或令牌不合法', 'the address or the token is not a good one'],
  'page hidden': ['页面在后台，连接已让出', 'the page is in the background and let its connection go'],
  epoch_changed: ['日志已重建', 'the log was made anew'],
  history_trimmed: ['已超过保留期', 'it is no longer kept'],
  cursor_unknown: ['断点无法识别', 'the cursor is not known'],
}

/** Phrases that servers close with, each of which says no more than its code does. */
const PHRASES: ReadonlySet<string> = new Set([
  '',
  'normal',
  'going away',
  'protocol error',
  'binary is not spoken here',
  'text is not utf-8',
  'policy violation',
  'message too large',
  'internal error',
  'service restart',
  'try again later',
  'unauthorized',
  'forbidden',
  'no auth frame in time',
  'peer silent',
  'too slow',
  'rate abuse',
  'too many connections',
  'removed by an operator',
])

/** What `code` means, without what follows. */
export function closeMeaning(code: number): string {
  return inLocale(MEANINGS[code] ?? ['未知的关闭码', 'an unknown close code'])
}

/** What the code of an error means, or nothing when this version does not know it. */
export function errorMeaning(code: string): string {
  const known = ERRORS[code]
  return known ? inLocale(known) : ''
}

/** Codes whose message tells more than they do: which field, which right, what is in the way. */
const PARTICULAR: ReadonlySet<string> = new Set([
  'bad_message',
  'too_large',
  'rate_limited',
  'unauthorized',
  'forbidden',
  'not_found',
  'conflict',
])

/** Whether `message` tells a person more than what `code` means does. */
export function saysMore(code: string, message: string): boolean {
  return PARTICULAR.has(code) && !['', code, ...(ERRORS[code] ?? [])].includes(message)
}

/** A reason in words, or as it is. */
export function reasonText(reason: string): string {
  const own = REASONS[reason]
  return own ? inLocale(own) : reason
}

/** Why a connection ended, in words: what is known of it best. */
export function closeReason({ code, reason, error }: Close): string {
  if (REASONS[reason]) return reasonText(reason)
  if (error !== undefined)
    return inLocale([`没有得到令牌或地址：${reason}`, `no token or no address could be had: ${reason}`])
  if (PHRASES.has(reason)) return closeMeaning(code)
  // A browser that lost a connection has no words: this side gave it up, and knows why.
  return code === 1006 ? reason : `${closeMeaning(code)}${inLocale(['：', ': '])}${reason}`
}
