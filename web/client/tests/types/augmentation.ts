// Compiled, never run: frames of one's own are typed by merging them into the package's interfaces, as it is published.

import { createClient } from '@fanfare/client'
import { createChat } from '@fanfare/client/chat'

declare module '@fanfare/client' {
  interface FrameData {
    my_alert: { readonly level: number }
  }
  interface Replies {
    my_question: 'my_alert'
  }
}

export async function typed(): Promise<number[]> {
  const client = createClient({ url: '/ws/', getToken: () => null })
  const levels: number[] = []
  client.on('my_alert', ({ data }) => levels.push(data.level))
  client.on('room_counts', ({ data }) => levels.push(data.unread ?? 0))
  createChat(client)
  const answer = await client.request('my_question')
  return [...levels, answer.data.level]
}
