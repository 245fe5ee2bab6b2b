{{/* These are asked from within the NATS chart too, whose values are others: they know the release and what is
global. */}}
{{- define "fanfare.nats.prefix" -}}
{{- if contains "fanfare" .Release.Name -}}{{ .Release.Name }}{{- else -}}{{ .Release.Name }}-fanfare{{- end -}}
{{- end -}}

{{- define "fanfare.nats.loginsSecret" -}}
{{- (.Values.global.fanfare).natsLoginsSecret | default (printf "%s-nats-logins" (include "fanfare.nats.prefix" .)) -}}
{{- end -}}

{{- define "fanfare.nats.tlsSecret" -}}
{{- (.Values.global.fanfare).natsTlsSecret | default (printf "%s-nats-tls" (include "fanfare.nats.prefix" .)) -}}
{{- end -}}

{{- define "fanfare.nats.configMap" -}}
{{- printf "%s-nats" (include "fanfare.nats.prefix" .) -}}
{{- end -}}

{{/* Nine tenths of the volume, in the next smaller unit. */}}
{{- define "fanfare.nats.fileStoreSize" -}}
{{- $size := .Values.config.jetstream.fileStore.pvc.size -}}
{{- $smaller := dict "Mi" "Ki" "Gi" "Mi" "Ti" "Gi" "M" "K" "G" "M" "T" "G" -}}
{{- $unit := regexFind "[A-Za-z]+$" $size -}}
{{- if not (hasKey $smaller $unit) -}}
{{- fail (printf "nats.config.jetstream.fileStore.pvc.size is %s: it takes Mi, Gi, Ti, M, G or T" $size) -}}
{{- end -}}
{{- $tenths := ternary 921.6 900.0 (hasSuffix "i" $unit) -}}
{{- printf "%d%s" (mulf (trimSuffix $unit $size | float64) $tenths | floor | int64) (get $smaller $unit) -}}
{{- end -}}

{{/* What the NATS chart calls its Service. */}}
{{- define "fanfare.nats.fullname" -}}
{{- if .Values.nats.fullnameOverride -}}
{{- .Values.nats.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (.Values.nats.nameOverride | default "nats") .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (.Values.nats.nameOverride | default "nats") | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Each server by its own name: a client learns of no others. */}}
{{- define "fanfare.nats.urls" -}}
{{- if .Values.nats.enabled -}}
{{- $name := include "fanfare.nats.fullname" . -}}
{{- if .Values.nats.config.cluster.enabled -}}
{{- $urls := list -}}
{{- range $i := until (int .Values.nats.config.cluster.replicas) -}}
{{- $urls = append $urls (printf "tls://%s-%d.%s-headless.%s.svc:4222" $name $i $name $.Release.Namespace) -}}
{{- end -}}
{{- join "," $urls -}}
{{- else -}}
{{- printf "tls://%s.%s.svc:4222" $name .Release.Namespace -}}
{{- end -}}
{{- else -}}
{{- join "," .Values.externalNats.urls -}}
{{- end -}}
{{- end -}}

{{/* How a service says who it is: password, nkey, creds or none. */}}
{{- define "fanfare.nats.login" -}}
{{- ternary "password" .Values.externalNats.login .Values.nats.enabled -}}
{{- end -}}

{{- define "fanfare.nats.replicas" -}}
{{- if not .Values.nats.enabled -}}
{{- int .Values.externalNats.replicas -}}
{{- else if .Values.nats.config.cluster.enabled -}}
{{- min 5 (int .Values.nats.config.cluster.replicas) -}}
{{- else -}}
1
{{- end -}}
{{- end -}}

{{/* The Secret with the authorities of the servers, and under which key; empty: those of the image. */}}
{{- define "fanfare.nats.caSecret" -}}
{{- if .Values.nats.enabled -}}{{ include "fanfare.nats.tlsSecret" . }}{{- else -}}{{ .Values.externalNats.tls.caSecret }}{{- end -}}
{{- end -}}

{{- define "fanfare.nats.caKey" -}}
{{- if .Values.nats.enabled -}}ca.crt{{- else -}}{{ .Values.externalNats.tls.caKey }}{{- end -}}
{{- end -}}
