import type { Close } from '@fanfare/client'
import { locale } from './text'

/** What each close code means for whoever looks at it: [zh, en]. The codes are those of proto/README.md. */
const MEANINGS: Readonly<Record<number, readonly [string, string]>> = {
  1000: ['正常关闭', 'closed normally'],
  1001: [
    '对方离开：服务器正在滚动更新，或页面进入后台',
    'going away: the server is being replaced, or the page went away',
  ],
  1002: ['协议错误', 'protocol error'],
  1003: ['服务器不接受二进制消息', 'the server takes no binary messages'],
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

/** Reasons of the client itself, which never cross the wire. */
const REASONS: Readonly<Record<string, readonly [string, string]>> = {
  'no pong in time': ['服务器没有按时回应心跳', 'the server did not answer a heartbeat in time'],
  'no connection in time': ['没有在限期内连上', 'no connection in time'],
  'there is no token': ['没有令牌：请先登录', 'there is no token: log in first'],
  'the token was refused': ['令牌被拒绝', 'the token was refused'],
  'page hidden': ['页面在后台，连接已让出', 'the page is in the background and let its connection go'],
}

function inLocale([zh, en]: readonly [string, string]): string {
  return locale.value === 'zh' ? zh : en
}

/** What `code` means, without what follows. */
export function closeMeaning(code: number): string {
  const known = MEANINGS[code]
  return known ? inLocale(known) : locale.value === 'zh' ? '未知的关闭码' : 'an unknown close code'
}

/** Why a connection ended, in words: what is known of it best. */
export function closeReason({ code, reason }: Close): string {
  const own = REASONS[reason]
  return own ? inLocale(own) : closeMeaning(code)
}
