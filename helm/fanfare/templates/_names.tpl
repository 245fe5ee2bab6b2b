{{/* 49 and "-gateway-admin" are the 63 that a Service's name may have. */}}
{{- define "fanfare.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 49 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 49 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 49 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "fanfare.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Labels of everything that belongs to no one service. */}}
{{- define "fanfare.labels" -}}
app.kubernetes.io/name: {{ include "fanfare.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: fanfare
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* What finds a service's pods; takes (root, service). */}}
{{- define "fanfare.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "fanfare.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "fanfare.serviceLabels" -}}
{{ include "fanfare.labels" (index . 0) }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "fanfare.serviceName" -}}
{{- printf "%s-%s" (include "fanfare.fullname" (index . 0)) (index . 1) -}}
{{- end -}}

{{- define "fanfare.adminSecret" -}}
{{- .Values.admin.existingSecret | default (printf "%s-admin" (include "fanfare.fullname" .)) -}}
{{- end -}}

{{/* repository, tag, digest → the reference; takes (root, image, default tag). */}}
{{- define "fanfare.image" -}}
{{- $root := index . 0 -}}{{- $image := index . 1 -}}
{{- with $root.Values.global.image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- $image.repository -}}
{{- if $image.digest -}}@{{ $image.digest }}{{- else -}}:{{ $image.tag | default (index . 2) }}{{- end -}}
{{- end -}}

{{/* A number as it is written, also a large one; anything else as text. */}}
{{- define "fanfare.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}{{ int64 . }}{{- else -}}{{ toString . }}{{- end -}}
{{- end -}}
