#!/usr/bin/env bash
# What somebody would want to see of a Fanfare on kind that does not work. It prints no secrets.
set -uo pipefail

namespace=fanfare
kubectl() { command kubectl --context kind-fanfare --namespace "$namespace" "$@"; }
part() { printf '\n== %s\n' "$*"; }

part tools
for tool in docker kind kubectl helm; do printf '%s: ' "$tool"; command -v "$tool" || echo missing; done
kind get clusters

part nodes and pods
command kubectl --context kind-fanfare get nodes -o wide
kubectl get pods,pvc,services -o wide

part events
kubectl get events --sort-by .lastTimestamp | tail -n 40

for pod in $(kubectl get pods -o name); do
    part "$pod"
    kubectl describe "$pod" | sed -n '/^Conditions:/,/^Volumes:/p;/^Events:/,$p'
    kubectl logs "$pod" --all-containers --tail 40
    kubectl logs "$pod" --all-containers --tail 20 --previous 2> /dev/null
done
exit 0
