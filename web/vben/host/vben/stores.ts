// As @vben/stores of V5 has it, as far as it is used. V5 keeps the token in localStorage too.
import { defineStore } from 'pinia'

type AccessToken = null | string

export interface UserInfo {
  username: string
}

const KEY = 'core-access'

export const useAccessStore = defineStore('core-access', {
  state: (): { accessToken: AccessToken } => ({ accessToken: localStorage.getItem(KEY) }),
  actions: {
    setAccessToken(token: AccessToken) {
      this.accessToken = token
      if (token === null) localStorage.removeItem(KEY)
      else localStorage.setItem(KEY, token)
    },
  },
})

export const useUserStore = defineStore('core-user', {
  state: (): { userInfo: null | UserInfo } => ({ userInfo: null }),
  actions: {
    setUserInfo(userInfo: null | UserInfo) {
      this.userInfo = userInfo
    },
  },
})
