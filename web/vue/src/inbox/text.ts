import { texts } from '../text/text'

export const t = texts(
  {
    title: '通知',
    unread: '{count} 条未读通知',
    newer: '收到通知：{title}',
    empty: '没有通知',
    isUnread: '未读',
    readAll: '全部已读',
    away: '连接已断开，恢复后会补上错过的通知。',
    failed: '没有完成：{problem}',
    info: '普通',
    success: '成功',
    warning: '警告',
    error: '错误',
  },
  {
    title: 'Notifications',
    unread: '{count} unread notifications',
    newer: 'New notification: {title}',
    empty: 'No notifications',
    isUnread: 'unread',
    readAll: 'Mark all read',
    away: 'Disconnected. What is missed comes with the connection.',
    failed: 'It did not work: {problem}',
    info: 'info',
    success: 'success',
    warning: 'warning',
    error: 'error',
  },
)
