import { createRouter, createWebHashHistory } from 'vue-router'
import { isAdmin, isLoggedIn } from './session/session'

export const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/login', name: 'login', component: () => import('./pages/login/Login.vue') },
    {
      path: '/',
      component: () => import('./frame/Frame.vue'),
      redirect: '/ws',
      children: [
        { path: 'ws', name: 'ws', component: () => import('./pages/test/Test.vue') },
        { path: 'inbox', name: 'inbox', component: () => import('./pages/inbox/Inbox.vue') },
        { path: 'chat/:room?', name: 'chat', component: () => import('./pages/chat/Chat.vue') },
        {
          path: 'fleet',
          name: 'fleet',
          meta: { isForAdmins: true },
          component: () => import('./pages/fleet/Fleet.vue'),
        },
      ],
    },
    { path: '/:rest(.*)*', redirect: '/ws' },
  ],
})

router.beforeEach(to => {
  if (to.name === 'login') return true
  if (!isLoggedIn.value) return { name: 'login', query: to.fullPath === '/ws' ? {} : { next: to.fullPath } }
  if (to.meta.isForAdmins && !isAdmin.value) return { name: 'ws' }
  return true
})
