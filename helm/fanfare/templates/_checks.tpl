{{/* What the schema cannot say. Fails with what to do. */}}
{{- define "fanfare.checks" -}}
{{- $fullname := include "fanfare.fullname" . -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $fullname) -}}
{{- fail (printf "fullnameOverride: a Service cannot be called %s: a letter, then letters, digits and hyphens" $fullname) -}}
{{- end -}}
{{- if .Values.nats.enabled -}}
{{- if ne (int .Values.logShards) 16 -}}
{{- fail "logShards: the bundled NATS has logins for 16 shards of the log; use externalNats with another number" -}}
{{- end -}}
{{- if .Values.externalNats.urls -}}
{{- fail "externalNats.urls is not used while nats.enabled is true: set it to false, or leave the urls out" -}}
{{- end -}}
{{- else -}}
{{- if not .Values.externalNats.urls -}}
{{- fail "externalNats.urls names the servers to use with nats.enabled: false" -}}
{{- end -}}
{{- if and (ne .Values.externalNats.login "none") (not .Values.externalNats.existingSecret) -}}
{{- fail (printf "externalNats.existingSecret names the Secret with the logins (externalNats.login: %s)" .Values.externalNats.login) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled .Values.issuers (not .Values.networkPolicy.extraEgress) -}}
{{- fail "networkPolicy.extraEgress lets the pods reach the servers of `issuers`, whose keys could not be read otherwise" -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (not .Values.nats.enabled) -}}
{{- range .Values.externalNats.urls -}}
{{- $port := regexFind ":[0-9]+$" . | default ":4222" -}}
{{- if ne $port (printf ":%d" (int $.Values.externalNats.port)) -}}
{{- fail (printf "externalNats.port is %d, which network policies let through, and %s has another" (int $.Values.externalNats.port) .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if .Values.defaults.service.nodePort -}}
{{- fail "defaults.service.nodePort: four Services cannot share a port; give each service its own" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.parentRefs names the Gateway: a route without one is attached to nothing" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.hosts names the hosts: a rule without one takes every request of the controller" -}}
{{- end -}}
{{- $root := . -}}
{{- range $name := include "fanfare.services" . | fromJsonArray -}}
{{- $settings := include "fanfare.settings" (list $root $name) | fromJson -}}
{{- $_ := include "fanfare.terminationGraceSeconds" (list $name $settings) -}}
{{- with $settings.strategy -}}
{{- if and (has (toString .maxUnavailable) (list "0" "0%")) (has (toString .maxSurge) (list "0" "0%")) -}}
{{- fail (printf "%s.strategy: maxUnavailable and maxSurge are both 0, so no pod could ever be replaced" $name) -}}
{{- end -}}
{{- end -}}
{{- with $settings.autoscaling -}}
{{- if and (ne .kind "none") (gt (int .minReplicas) (int .maxReplicas)) -}}
{{- fail (printf "%s.autoscaling.minReplicas is more than maxReplicas" $name) -}}
{{- end -}}
{{- if and (ne .kind "none") (not .cpuPercent) (not .connectionsPerPod) -}}
{{- fail (printf "%s.autoscaling looks at nothing: set cpuPercent or connectionsPerPod" $name) -}}
{{- end -}}
{{- if and .connectionsPerPod (ne $name "gateway") -}}
{{- fail (printf "%s.autoscaling.connectionsPerPod: only a gateway has connections" $name) -}}
{{- end -}}
{{- if and (eq .kind "keda") .connectionsPerPod (not .prometheusAddress) -}}
{{- fail (printf "%s.autoscaling.prometheusAddress: KEDA asks Prometheus for the connections" $name) -}}
{{- end -}}
{{- end -}}
{{- if and (ne $name "gateway") (gt (int $settings.drain.windowSeconds) 0) -}}
{{- fail (printf "%s.drain.windowSeconds: only a gateway has clients to send away" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
