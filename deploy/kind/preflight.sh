#!/usr/bin/env bash
# Says everything that `just kind-up` lacks, each with what to do, and exits 1 if there is anything.
set -uo pipefail

lacks=0
lack() { echo "kind-up needs $1" >&2; lacks=1; }

for tool in \
    "docker|Docker: https://docs.docker.com/get-docker/" \
    "kind|kind 0.24 or later: https://kind.sigs.k8s.io/docs/user/quick-start/#installation" \
    "kubectl|kubectl: https://kubernetes.io/docs/tasks/tools/" \
    "helm|Helm 3.14 or later: https://helm.sh/docs/intro/install/"; do
    command -v "${tool%%|*}" > /dev/null || lack "${tool#*|}"
done

if command -v docker > /dev/null; then
    if ! docker info > /dev/null 2>&1; then
        lack "a running Docker daemon that you may use: start it, or add yourself to the group docker"
    else
        memory=$(docker info --format '{{.MemTotal}}' 2> /dev/null || echo 0)
        if [ "$memory" -gt 0 ] && [ "$memory" -lt 3000000000 ]; then
            lack "3 GB of memory for Docker; it has $((memory / 1000000)) MB"
        fi
    fi
fi

# Unless they are ours already.
if ! kind get clusters 2> /dev/null | grep -qx fanfare; then
    for port in 30080 30081 30082 30083; do
        if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then
            lack "port $port of 127.0.0.1, where something listens: stop it, or change deploy/kind/cluster.yaml"
        fi
    done
fi

# A node runs a whole system, whose parts watch many files: below this they fail with "too many open files".
for setting in "max_user_watches 65536" "max_user_instances 256"; do
    read -r name least <<< "$setting"
    file=/proc/sys/fs/inotify/$name
    if [ -r "$file" ] && [ "$(cat "$file")" -lt "$least" ]; then
        lack "fs.inotify.$name of $least or more: sudo sysctl fs.inotify.$name=$((least * 2))"
    fi
done

exit "$lacks"
