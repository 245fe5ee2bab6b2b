// As @vben/hooks of V5 has it, as far as it is used.

export interface ApplicationConfig {
  apiURL: string
}

export function useAppConfig(env: Record<string, unknown>, _isProduction: boolean): ApplicationConfig {
  return { apiURL: String(env.VITE_GLOB_API_URL ?? '/api') }
}
