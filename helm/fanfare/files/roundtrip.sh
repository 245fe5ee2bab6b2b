# shellcheck shell=sh
# What `helm test` runs: an administrator makes an API key, a user listens, a backend publishes, and it arrives.
set -eu
cd /tmp

fail() { echo "FAILED: $*" >&2; exit 1; }
# The text of a field of an answer.
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
ask() {
    what=$1; shift
    curl --silent --show-error --fail-with-body --max-time 20 --retry 5 --retry-connrefused \
        -H "Content-Type: application/json" "$@" > answer || fail "$what: $(cat answer)"
    echo "ok: $what" >&2
    cat answer
}

# Whatever characters it has; and no argument, which every process of a pod may see.
password=$(sed 's/[\\"]/\\&/g' /etc/fanfare-admin/password)
printf '{"username":"admin","password":"%s"}' "$password" > login
ask "log in as admin; when his password was changed since, set tests.enabled to false" \
    "$AUTH/v1/auth/login" -d @login | field access_token > admin-token
ask "make an API key" "$AUTH/v1/auth/api-keys" -H "Authorization: Bearer $(cat admin-token)" \
    -d '{"name":"helm test","scopes":["notifications:publish","tokens:mint"]}' > made
key=$(field key < made)
id=$(field id < made)
trap 'curl --silent --max-time 20 -X DELETE -H "Authorization: Bearer $(cat admin-token)" "$AUTH/v1/auth/api-keys/$id" || true' EXIT

user="helm-test-$$-$(date +%s)"
ask "a token for a user" "$AUTH/v1/auth/tokens" -H "Authorization: Bearer $key" \
    -d "{\"user\":\"$user\",\"ttl_seconds\":300}" | field access_token > token

# A WebSocket by hand: the frames of a server are plain text behind a few bytes.
: > heard
curl --silent --no-buffer --http1.1 --max-time 60 -o heard -D head \
    -H "Connection: Upgrade" -H "Upgrade: websocket" -H "Sec-WebSocket-Version: 13" \
    -H "Sec-WebSocket-Key: ZmFuZmFyZSBoZWxtIHRlc3Q=" "$GATEWAY/ws/notifications/?token=$(cat token)" &
socket=$!
hears() {
    for _try in $(seq 100); do
        if grep -a -q "$1" heard; then return; fi
        kill -0 $socket 2> /dev/null || fail "the socket ended: $(cat head heard)"
        sleep 0.2
    done
    fail "the socket did not hear $1 within 20 s: $(tr -cd '[:print:]' < heard)"
}
hears '"type":"welcome"'
echo "ok: a WebSocket at a gateway"
ask "publish" "$NOTIFY/v1/notifications" -H "Authorization: Bearer $key" \
    -d "{\"to\":{\"users\":[\"$user\"]},\"title\":\"Hello from helm test\"}" > /dev/null
hears "Hello from helm test"
kill $socket
echo "ok: it arrived"
ask "the user's rooms" "$CHAT/v1/rooms" -H "Authorization: Bearer $(cat token)" > /dev/null
echo "PASSED"
