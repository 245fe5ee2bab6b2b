import { texts } from '@fanfare/vue/text/text'

/** What became of a notification, of one place of it, or why a user has not got it: the server's codes, for people. */
const ZH = {
  sent: '已发送',
  scheduled: '已定时',
  stored: '已存储',
  pending: '到时，尚未写入',
  collapsed: '已被更新的替换',
  expired: '已过期',
  cancelled: '发送前已取消',
  retracted: '已撤回',
  gone: '撤回前已消失',
  live: '实时',
  replay: '补发',
  not_due: '时间未到',
  never_connected: '从未连接过',
  not_connected_since: '此后没有连接过',
  connected_elsewhere: '在线，但没有会话订阅此频道',
  began_after: '会话在此之后才订阅，见收件箱',
  behind: '会话在线，正排队发送',
  closed_too_slow: '读得太慢，连接被关闭',
  closed: '连接在写入前结束',
  session_lost: '网关失联，写到哪里未知',
  unknown: '无法得知',
}
const EN: Readonly<Record<keyof typeof ZH, string>> = {
  sent: 'sent',
  scheduled: 'scheduled',
  stored: 'stored',
  pending: 'due, not written yet',
  collapsed: 'replaced by a newer one',
  expired: 'expired',
  cancelled: 'cancelled before it was sent',
  retracted: 'taken back',
  gone: 'gone before it was taken back',
  live: 'live',
  replay: 'sent later',
  not_due: 'its time has not come',
  never_connected: 'never connected',
  not_connected_since: 'not connected since',
  connected_elsewhere: 'connected, but follows another channel',
  began_after: 'in the inbox, its session came after this',
  behind: 'connected, next in line',
  closed_too_slow: 'read too slowly, and was closed',
  closed: 'the session ended first',
  session_lost: 'its gateway went away',
  unknown: 'not known',
}
const t = texts(ZH, EN)

/** Whether there are words for a code; the server's own are English. */
export function hasTrailWords(code: string): boolean {
  return Object.hasOwn(EN, code)
}

/** A code that this version does not know is shown as it is. */
export function trailWords(code: string): string {
  return hasTrailWords(code) ? t(code as keyof typeof ZH) : code
}
