#!/usr/bin/env bash
# Fanfare on a Kubernetes in Docker: a cluster, the image, the chart, its test. May be run again after any change.
#
#   FANFARE_IMAGE=…   an image that is there already, instead of building one
set -euo pipefail
cd "$(dirname "$0")/../.."

cluster=fanfare namespace=fanfare image=fanfare:kind

deploy/kind/preflight.sh

# Whatever cluster the user works with otherwise stays his current one, though kind changes that.
current=$(command kubectl config current-context 2> /dev/null || true)
if ! kind get clusters 2> /dev/null | grep -qx "$cluster"; then
    kind create cluster --config deploy/kind/cluster.yaml --wait 120s
else
    # It may have been stopped, and another kubeconfig be in use than when it was made.
    kind get nodes --name "$cluster" | xargs docker start > /dev/null
    kind export kubeconfig --name "$cluster"
fi
if [ -n "$current" ]; then command kubectl config use-context "$current" > /dev/null; fi
kubectl() { command kubectl --context "kind-$cluster" "$@"; }
helm() { command helm --kube-context "kind-$cluster" "$@"; }
kubectl wait --for=condition=Ready nodes --all --timeout=120s

if [ -n "${FANFARE_IMAGE:-}" ]; then
    docker tag "$FANFARE_IMAGE" "$image"
else
    # Attestations make a list of images of it, which `kind load` does not take.
    docker build --provenance=false --sbom=false -f deploy/Dockerfile -t "$image" \
        --build-arg REVISION="$(git rev-parse HEAD 2> /dev/null || echo unknown)" .
fi
if ! kind load docker-image --name "$cluster" "$image"; then
    archive=$(mktemp)
    trap 'rm -f "$archive"' EXIT
    # By this shell: a Docker of snap's writes to a /tmp of its own.
    docker save "$image" > "$archive"
    kind load image-archive --name "$cluster" "$archive"
fi

version=$(sed -n '/name: nats/,/version:/s/ *version: //p' helm/fanfare/Chart.yaml)
if [ ! -e "helm/fanfare/charts/nats-$version.tgz" ]; then
    helm dependency update helm/fanfare
fi
kubectl create namespace "$namespace" --dry-run=client -o yaml | kubectl apply -f -
# What the chart promises is enforced here.
kubectl label --overwrite namespace "$namespace" pod-security.kubernetes.io/enforce=restricted
# What was cut short holds the release, and no upgrade begins.
case $(helm status fanfare --namespace "$namespace" 2> /dev/null | sed -n 's/^STATUS: //p') in
    pending-install) helm uninstall fanfare --namespace "$namespace" --wait ;;
    pending-*) helm rollback fanfare --namespace "$namespace" ;;
esac
# The tag is the same each time, so the image's id is what tells pods of a new one.
id=$(docker image inspect --format '{{.Id}}' "$image")
if ! helm upgrade --install fanfare helm/fanfare --namespace "$namespace" -f helm/fanfare/values-kind.yaml \
    --set-string "defaults.podAnnotations.fanfare/image=$id" --wait --timeout 5m; then
    deploy/kind/diag.sh
    exit 1
fi
if ! helm test fanfare --namespace "$namespace" --logs; then
    deploy/kind/diag.sh
    exit 1
fi

password=$(kubectl --namespace "$namespace" get secret fanfare-admin -o jsonpath='{.data.password}' | base64 -d)
cat << END

Fanfare is up:

  WebSockets     ws://127.0.0.1:30080/ws/notifications/
  auth           http://127.0.0.1:30081   (admin, $password)
  publish        http://127.0.0.1:30082
  chat           http://127.0.0.1:30083

An API key, and a first message:

  TOKEN=\$(curl -s http://127.0.0.1:30081/v1/auth/login -d '{"username":"admin","password":"$password"}' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  KEY=\$(curl -s http://127.0.0.1:30081/v1/auth/api-keys -H "Authorization: Bearer \$TOKEN" -d '{"name":"me","scopes":["notifications:publish","tokens:mint"]}' | sed 's/.*"key":"\([^"]*\)".*/\1/')
  curl http://127.0.0.1:30082/v1/notifications -H "Authorization: Bearer \$KEY" -d '{"to":{"users":["alice"]},"title":"Hello from kind"}'

just kind-diag says what is wrong; just kind-down removes it all.
END
