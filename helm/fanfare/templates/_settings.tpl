{{/* The four services, in the order in which they come up. */}}
{{- define "fanfare.services" -}}
{{- list "auth" "notify" "chat" "gateway" | toJson -}}
{{- end -}}

{{/* A service's block over the defaults; takes (root, service). */}}
{{- define "fanfare.settings" -}}
{{- $root := index . 0 -}}
{{- mergeOverwrite (deepCopy $root.Values.defaults) (deepCopy (index $root.Values (index . 1))) | toJson -}}
{{- end -}}

{{/* Seconds that the process gives itself after SIGTERM; takes a service's settings. */}}
{{- define "fanfare.graceSeconds" -}}
{{- add .drain.lameDuckSeconds .drain.windowSeconds .drain.flushSeconds -}}
{{- end -}}

{{/* Seconds from the decision to end a pod to the kill; takes (service, settings). Ten after the grace of the process, in
which its services end what they have under way. */}}
{{- define "fanfare.terminationGraceSeconds" -}}
{{- $name := index . 0 -}}{{- $settings := index . 1 -}}
{{- $sum := add $settings.drain.preStopSeconds (include "fanfare.graceSeconds" $settings | int) 10 -}}
{{- $given := $settings.terminationGracePeriodSeconds -}}
{{- if kindIs "invalid" $given -}}
{{- $sum -}}
{{- else if lt (int $given) (int $sum) -}}
{{- fail (printf "%s.terminationGracePeriodSeconds is %d, less than its drain takes: %d preStop + %d lame duck + %d window + %d flush + 10 to stop = %d seconds" $name (int $given) (int $settings.drain.preStopSeconds) (int $settings.drain.lameDuckSeconds) (int $settings.drain.windowSeconds) (int $settings.drain.flushSeconds) (int $sum)) -}}
{{- else -}}
{{- int $given -}}
{{- end -}}
{{- end -}}

{{/* The least pods that a service has. */}}
{{- define "fanfare.minReplicas" -}}
{{- if eq .autoscaling.kind "none" -}}{{ int .replicas }}{{- else -}}{{ int .autoscaling.minReplicas }}{{- end -}}
{{- end -}}
