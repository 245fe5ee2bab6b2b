/** What was written in each room and not sent, by channel, for as long as the page is open. */
export const drafts = new Map<string, string>()
