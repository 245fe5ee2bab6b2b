import type { GetToken } from '@fanfare/client';

import { useAppConfig } from '@vben/hooks';
import { useAccessStore } from '@vben/stores';

import { configureWebSocket } from '@fanfare/client/compat';

const { apiURL } = useAppConfig(import.meta.env, import.meta.env.PROD);

/** Fanfare is where the API is: the proxy in front passes `/ws` and `/v1` on to it. */
export const baseUrl = new URL(apiURL, location.origin).origin;

/** Read anew for each connection, so that a renewed token is used. */
export const getToken: GetToken = () => useAccessStore().accessToken;

configureWebSocket({ baseUrl, getToken });

export {
  createNotificationWebSocket,
  createTestWebSocket,
  createWebSocket,
  WebSocketManager,
} from '@fanfare/client/compat';
export type {
  WebSocketCallbacks,
  WebSocketConfig,
  WebSocketStats,
  WebSocketStatus,
} from '@fanfare/client/compat';
