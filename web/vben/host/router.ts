import { useAccessStore } from '@vben/stores'
import { createRouter, createWebHashHistory } from 'vue-router'
import added from '#/router/routes/modules/websocket'
import BasicLayout from './layouts/basic.vue'

export const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/login', component: () => import('./views/login.vue') },
    {
      path: '/',
      component: BasicLayout,
      children: [...added, { path: 'classic', component: () => import('./views/classic.vue') }],
    },
  ],
})

router.beforeEach(to => to.path === '/login' || useAccessStore().accessToken !== null || '/login')
