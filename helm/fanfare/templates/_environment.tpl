{{/* A service's environment; takes (root, service, settings). */}}
{{- define "fanfare.environment" -}}
{{- $root := index . 0 -}}{{- $name := index . 1 -}}{{- $settings := index . 2 -}}
- {name: FANFARE_LISTEN, value: "0.0.0.0:8000"}
- {name: FANFARE_ADMIN_LISTEN, value: "0.0.0.0:9000"}
- name: FANFARE_LOG
  value: {{ $root.Values.log.filter | quote }}
- name: FANFARE_LOG_FORMAT
  value: {{ $root.Values.log.format | quote }}
- name: FANFARE_LAME_DUCK_MS
  value: {{ mul $settings.drain.lameDuckSeconds 1000 | quote }}
- name: FANFARE_GRACE_SECONDS
  value: {{ include "fanfare.graceSeconds" $settings | quote }}
{{- if eq $name "gateway" }}
- name: FANFARE_DRAIN_WINDOW_MS
  value: {{ mul $settings.drain.windowSeconds 1000 | quote }}
{{- with $root.Values.allowedOrigins }}
- name: FANFARE_ALLOWED_ORIGINS
  value: {{ join "," . | quote }}
{{- end }}
{{- end }}
{{- if eq $name "auth" }}
- {name: FANFARE_ADMIN_PASSWORD_FILE, value: /etc/fanfare/admin/password}
{{- end }}
{{- with $root.Values.trustedProxies }}
- name: FANFARE_TRUSTED_PROXIES
  value: {{ join "," . | quote }}
{{- end }}
{{ include "fanfare.environment.traces" $root }}
{{ include "fanfare.environment.issuers" $root }}
{{ include "fanfare.environment.nats" (list $root $name) }}
{{- range $option, $value := $settings.options }}
- name: FANFARE_{{ snakecase $option | upper }}
  value: {{ include "fanfare.text" $value | quote }}
{{- end }}
{{- with $settings.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Where traces go. */}}
{{- define "fanfare.environment.traces" -}}
{{- $namespace := .Release.Namespace -}}
{{- with .Values.traces }}
{{- if .endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ .endpoint | quote }}
- name: OTEL_TRACES_SAMPLER
  value: {{ .sampler }}
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ .ratio | quote }}
{{- $attributes := list (printf "k8s.namespace.name=%s" $namespace) "k8s.pod.name=$(POD_NAME)" -}}
{{- range $key, $value := .resourceAttributes -}}
{{- $attributes = append $attributes (printf "%s=%s" $key $value) -}}
{{- end }}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: {{ join "," $attributes | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Whose tokens are accepted. */}}
{{- define "fanfare.environment.issuers" -}}
{{- $issuers := list -}}{{- $audiences := list -}}
{{- range .Values.issuers -}}
{{- $issuers = append $issuers (printf "%s=%s" .name .jwks) -}}
{{- if .audience -}}{{- $audiences = append $audiences (printf "%s=%s" .name .audience) -}}{{- end -}}
{{- end -}}
{{- if $issuers }}
- name: FANFARE_ISSUERS
  value: {{ join "," $issuers | quote }}
{{- end }}
{{- if $audiences }}
- name: FANFARE_AUDIENCES
  value: {{ join "," $audiences | quote }}
{{- end }}
{{- with .Values.hs256 }}
{{- if .existingSecret }}
- {name: FANFARE_HS256_SECRET_FILE, value: /etc/fanfare/hs256/secret}
- name: FANFARE_HS256_ISSUER
  value: {{ .issuer | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Where NATS is, and how to log in; takes (root, service). */}}
{{- define "fanfare.environment.nats" -}}
{{- $root := index . 0 -}}{{- $name := index . 1 -}}
{{- $external := $root.Values.externalNats -}}
{{- $login := include "fanfare.nats.login" $root -}}
- name: FANFARE_NATS
  value: {{ include "fanfare.nats.urls" $root | quote }}
- name: FANFARE_NATS_REPLICAS
  value: {{ include "fanfare.nats.replicas" $root | quote }}
- name: FANFARE_LOG_SHARDS
  value: {{ include "fanfare.text" $root.Values.logShards | quote }}
{{- if eq $login "password" }}
- name: FANFARE_NATS_USER
  value: {{ $name }}
- name: FANFARE_NATS_PASSWORD_FILE
  value: /etc/fanfare/nats-login/password
{{- else if eq $login "nkey" }}
- name: FANFARE_NATS_NKEY_FILE
  value: /etc/fanfare/nats-login/seed
{{- else if eq $login "creds" }}
- name: FANFARE_NATS_CREDS
  value: /etc/fanfare/nats-login/nats.creds
{{- end }}
{{- if include "fanfare.nats.caSecret" $root }}
- name: FANFARE_NATS_CA
  value: /etc/fanfare/nats-ca/ca.crt
{{- end }}
{{- if and (not $root.Values.nats.enabled) $external.tls.clientSecret }}
- {name: FANFARE_NATS_CERT, value: /etc/fanfare/nats-client/tls.crt}
- {name: FANFARE_NATS_KEY, value: /etc/fanfare/nats-client/tls.key}
{{- end }}
{{- end -}}

{{/* The Secrets among a service's files, by volume; takes (root, service). */}}
{{- define "fanfare.volumes" -}}
{{- $root := index . 0 -}}{{- $name := index . 1 -}}{{- $external := $root.Values.externalNats -}}
{{- $volumes := list -}}
{{- with include "fanfare.nats.caSecret" $root -}}
{{- $item := dict "key" (include "fanfare.nats.caKey" $root) "path" "ca.crt" -}}
{{- $volumes = append $volumes (dict "name" "nats-ca" "secret" (dict "secretName" . "items" (list $item) "defaultMode" 288)) -}}
{{- end -}}
{{- if not $root.Values.nats.enabled -}}
{{- with $external.tls.clientSecret -}}
{{- $volumes = append $volumes (dict "name" "nats-client" "secret" (dict "secretName" . "defaultMode" 288)) -}}
{{- end -}}
{{- end -}}
{{- $files := dict "password" (dict "key" (printf "%s-password" $name) "path" "password") "nkey" (dict "key" (printf "%s-nkey" $name) "path" "seed") "creds" (dict "key" (printf "%s.creds" $name) "path" "nats.creds") -}}
{{- with get $files (include "fanfare.nats.login" $root) -}}
{{- $secret := ternary (include "fanfare.nats.loginsSecret" $root) $external.existingSecret $root.Values.nats.enabled -}}
{{- $volumes = append $volumes (dict "name" "nats-login" "secret" (dict "secretName" $secret "items" (list .) "defaultMode" 288)) -}}
{{- end -}}
{{- if eq $name "auth" -}}
{{- $item := dict "key" $root.Values.admin.key "path" "password" -}}
{{- $volumes = append $volumes (dict "name" "admin" "secret" (dict "secretName" (include "fanfare.adminSecret" $root) "items" (list $item) "defaultMode" 288)) -}}
{{- end -}}
{{- with $root.Values.hs256 -}}
{{- if .existingSecret -}}
{{- $item := dict "key" .key "path" "secret" -}}
{{- $volumes = append $volumes (dict "name" "hs256" "secret" (dict "secretName" .existingSecret "items" (list $item) "defaultMode" 288)) -}}
{{- end -}}
{{- end -}}
{{- toJson $volumes -}}
{{- end -}}
