import type { RouteRecordRaw } from 'vue-router';

import { $t } from '#/locales';

const routes: RouteRecordRaw[] = [
  {
    component: () => import('#/views/system/websocket-test/index.vue'),
    meta: {
      icon: 'lucide:cable',
      // Another tab of the application leaves the connection as it is.
      keepAlive: true,
      title: $t('websocket.test'),
    },
    name: 'WebSocketTest',
    path: '/system/websocket-test',
  },
];

export default routes;
