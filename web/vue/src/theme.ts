/**
 * What of Ant Design's theme is changed wherever this is shown: its own greys are too pale for small text; these keep
 * 4.5:1 and more.
 */
export const readable = {
  light: {
    colorTextSecondary: '#485552',
    colorTextTertiary: '#586562',
    colorTextQuaternary: '#63706d',
    colorTextPlaceholder: '#63706d',
    colorTextDisabled: '#63706d',
  },
  dark: {
    colorTextSecondary: '#b3bfbc',
    colorTextTertiary: '#a3b0ad',
    colorTextQuaternary: '#95a29f',
    colorTextPlaceholder: '#95a29f',
    colorTextDisabled: '#95a29f',
  },
} as const
