#!/usr/bin/env bash
# Says everything that `just kind-up` lacks, each with what to do, and exits 1 if there is anything. What may only be too
# little is told, too, and holds up nothing.
set -uo pipefail

lacks=0
lack() { echo "kind-up needs $1" >&2; lacks=1; }

has() { command -v "$1" > /dev/null; }

# `at_least FOUND LEAST`, of versions in any text: the first two numbers count. What has none is let through.
at_least() {
    local number='([0-9]+)\.([0-9]+)' major minor
    [[ $1 =~ $number ]] || return 0
    major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
    ((major > ${2%.*} || (major == ${2%.*} && minor >= ${2#*.})))
}

# needs TOOL LEAST "VERSION COMMAND" WHERE
needs() {
    local found
    if ! has "$1"; then
        lack "$1 $2 or later: $4"
        return
    fi
    found=$($3 2> /dev/null)
    at_least "$found" "$2" || lack "$1 $2 or later, and this is $found: $4"
}

needs docker 23.0 "docker --version" https://docs.docker.com/get-docker/
needs kind 0.30 "kind version" https://kind.sigs.k8s.io/docs/user/quick-start/#installation
needs kubectl 1.33 "kubectl version --client" https://kubernetes.io/docs/tasks/tools/
needs helm 3.14 "helm version --short" https://helm.sh/docs/intro/install/

if has docker; then
    if ! docker info > /dev/null 2>&1; then
        lack "a running Docker daemon that you may use: start it, or add yourself to the group docker"
    else
        memory=$(docker info --format '{{.MemTotal}}' 2> /dev/null)
        if [[ $memory =~ ^[0-9]+$ ]] && ((memory < 3000000000)); then
            lack "3 GB of memory for Docker; it has $((memory / 1000000)) MB"
        fi
    fi
    if [ -z "${FANFARE_IMAGE:-}" ] && ! docker buildx version > /dev/null 2>&1; then
        lack "BuildKit, for the image: https://docs.docker.com/go/buildx/"
    fi
fi

# Unless they are ours already.
clusters=""
if has kind; then clusters=$(kind get clusters 2> /dev/null); fi
if [[ $'\n'"$clusters"$'\n' != *$'\n'fanfare$'\n'* ]]; then
    for port in 30080 30081 30082 30083; do
        if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then
            lack "port $port of 127.0.0.1, where something listens: stop it, or change deploy/kind/cluster.yaml"
        fi
    done
fi

# A node runs a whole system, whose parts watch many files. Many systems have less than this by default, and it is mostly
# enough for one node.
for setting in "max_user_watches 65536" "max_user_instances 256"; do
    read -r name least <<< "$setting"
    file=/proc/sys/fs/inotify/$name
    if [ -r "$file" ] && (($(< "$file") < least)); then
        echo "when pods fail with \"too many open files\": sudo sysctl fs.inotify.$name=$((least * 2))" >&2
    fi
done

exit "$lacks"
