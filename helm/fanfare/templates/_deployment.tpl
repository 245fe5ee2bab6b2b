{{/* The Deployment of a service; takes (root, service, settings). */}}
{{- define "fanfare.deployment" -}}
{{- $root := index . 0 -}}{{- $name := index . 1 -}}{{- $settings := index . 2 -}}
{{- $volumes := include "fanfare.volumes" (list $root $name) | fromJsonArray -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "fanfare.serviceName" (list $root $name) }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "fanfare.serviceLabels" (list $root $name) | nindent 4 }}
spec:
  {{- if eq $settings.autoscaling.kind "none" }}
  replicas: {{ int $settings.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  minReadySeconds: {{ int $settings.minReadySeconds }}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      {{- toYaml $settings.strategy | nindent 6 }}
  selector:
    matchLabels:
      {{- include "fanfare.selector" (list $root $name) | nindent 6 }}
  template:
    metadata:
      labels:
        {{- /* Nothing of the chart's own version: a change of it alone must not send every client away. */}}
        {{- include "fanfare.selector" (list $root $name) | nindent 8 }}
        app.kubernetes.io/part-of: fanfare
        {{- with $settings.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        kubectl.kubernetes.io/default-container: {{ $name }}
        {{- with $settings.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "fanfare.serviceAccountName" (list $root $name $settings) }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ include "fanfare.terminationGraceSeconds" (list $name $settings) }}
      {{- with $root.Values.global.image.pullSecretNames }}
      imagePullSecrets:
        {{- range . }}
        - name: {{ . }}
        {{- end }}
      {{- end }}
      {{- with $settings.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        fsGroup: 65532
        fsGroupChangePolicy: OnRootMismatch
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: {{ $name }}
          image: {{ include "fanfare.image" (list $root $root.Values.image $root.Chart.AppVersion) }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: [{{ $name }}]
          env:
            {{- include "fanfare.environment" . | nindent 12 }}
          ports:
            - {name: http, containerPort: 8000}
            - {name: admin, containerPort: 9000}
          startupProbe:
            httpGet: {path: /livez, port: admin}
            {{- toYaml $settings.probes.startup | nindent 12 }}
          livenessProbe:
            httpGet: {path: /livez, port: admin}
            {{- toYaml $settings.probes.liveness | nindent 12 }}
          readinessProbe:
            httpGet: {path: /readyz, port: admin}
            {{- toYaml $settings.probes.readiness | nindent 12 }}
          {{- if $settings.drain.preStopSeconds }}
          lifecycle:
            preStop:
              sleep: {seconds: {{ int $settings.drain.preStopSeconds }}}
          {{- end }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          resources:
            {{- toYaml $settings.resources | nindent 12 }}
          {{- with $volumes }}
          volumeMounts:
            {{- range . }}
            - {name: {{ .name }}, mountPath: /etc/fanfare/{{ .name }}, readOnly: true}
            {{- end }}
          {{- end }}
      {{- with $volumes }}
      volumes:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- include "fanfare.placement" . | nindent 6 }}
{{- end -}}

{{/* Apart from each other, where that can be had. */}}
{{- define "fanfare.placement" -}}
{{- $root := index . 0 -}}{{- $name := index . 1 -}}{{- $settings := index . 2 -}}
{{- if $settings.spread.enabled -}}
topologySpreadConstraints:
  {{- range $key, $otherwise := dict "kubernetes.io/hostname" $settings.spread.whenUnsatisfiable "topology.kubernetes.io/zone" "ScheduleAnyway" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: {{ $otherwise }}
    labelSelector:
      matchLabels:
        {{- include "fanfare.selector" (list $root $name) | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
affinity:
  {{- if $settings.affinity }}
  {{- toYaml $settings.affinity | nindent 2 }}
  {{- else }}
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "fanfare.selector" (list $root $name) | nindent 14 }}
  {{- end }}
{{- with $settings.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $settings.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "fanfare.serviceAccountName" -}}
{{- $account := (index . 2).serviceAccount -}}
{{- if $account.create -}}
{{- include "fanfare.serviceName" (list (index . 0) (index . 1)) -}}
{{- else -}}
{{- $account.name | default "default" -}}
{{- end -}}
{{- end -}}
