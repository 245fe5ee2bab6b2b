import { FanfareError } from '@fanfare/client'
import { locale, texts } from '@fanfare/vue/text/text'

/** What each code says to a person: those of the server, and those of the client itself. */
const ZH = {
  bad_json: '不是有效的 JSON 对象',
  bad_message: '缺少字段或字段有误',
  unknown_type: '未知消息类型',
  too_large: '内容过大',
  rate_limited: '请求过于频繁，请稍后再试',
  unauthorized: '未登录或令牌已失效',
  forbidden: '没有权限',
  not_found: '未找到',
  conflict: '与现有内容冲突',
  timeout: '处理超时',
  unavailable: '服务暂不可用',
  internal: '内部错误',
  not_open: '没有连接，恢复后再试',
  disconnected: '连接在回答到来之前断开，可能已经完成',
  closed: '已经关闭',
  full: '等待发送的太多',
  expired: '没有在限期内发出',
  overflow: '来得太快，读不过来',
}
const EN: Readonly<Record<keyof typeof ZH, string>> = {
  bad_json: 'not a JSON object',
  bad_message: 'a field is missing or wrong',
  unknown_type: 'unknown message type',
  too_large: 'too large',
  rate_limited: 'too many requests, slow down',
  unauthorized: 'not signed in, or the token is no longer valid',
  forbidden: 'not allowed',
  not_found: 'not found',
  conflict: 'contradicts what is already there',
  timeout: 'no answer in time',
  unavailable: 'the service that answers this is away',
  internal: 'internal error',
  not_open: 'there is no connection; try again when it is back',
  disconnected: 'the connection ended before the answer came; it may have happened',
  closed: 'it is closed',
  full: 'too much waits to be sent',
  expired: 'it was not sent in time',
  overflow: 'it came faster than it was read',
}
const t = texts(ZH, EN)

/** Codes whose `message` tells more than the code: which field, which right, what is in the way. */
const PARTICULAR = [
  'bad_message',
  'too_large',
  'rate_limited',
  'unauthorized',
  'forbidden',
  'not_found',
  'conflict',
]

/** What went wrong, in the words of the language of now, for whatever was thrown. */
export function problem(error: unknown): string {
  if (!(error instanceof FanfareError)) return error instanceof Error ? error.message : String(error)
  const { code, message } = error
  if (!isKnown(code)) return message
  const saysMore = PARTICULAR.includes(code) && ![code, ZH[code], EN[code]].includes(message)
  if (!saysMore) return t(code)
  return locale.value === 'zh' ? `${t(code)}（${message}）` : `${t(code)} (${message})`
}

function isKnown(code: string): code is keyof typeof ZH {
  return Object.hasOwn(EN, code)
}
