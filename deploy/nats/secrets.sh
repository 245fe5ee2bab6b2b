#!/usr/bin/env bash
# Makes what the servers need and no repository holds: an authority, a certificate, passwords, the key of the store.
#
#   secrets.sh DIRECTORY [HOST...]
#
# HOSTs are the names and addresses that clients and other servers connect to; localhost and 127.0.0.1 are always among
# them. All servers of a cluster may share the certificate. What is there already is kept, so it can be run again for
# what is missing: remove server.pem for one with other hosts.
set -euo pipefail
umask 077

directory=${1:?usage: secrets.sh DIRECTORY [HOST...]}
shift
mkdir -p "$directory"
directory=$(cd "$directory" && pwd)
cd "$directory"

if ! [ -f ca.pem ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 3650 -subj "/CN=Fanfare NATS" \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" \
        -keyout ca-key.pem -out ca.pem 2>/dev/null
    # No secret, and read by processes of other users.
    chmod a+r ca.pem
fi

if ! [ -f server.pem ]; then
    names=""
    for host in localhost 127.0.0.1 "$@"; do
        kind=DNS
        [[ $host =~ ^[0-9.]+$ || $host == *:* ]] && kind=IP
        names+="${names:+,}$kind:$host"
    done
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -subj "/CN=nats" \
        -keyout server-key.pem -out server.csr 2>/dev/null
    # On a route a server is the client of another one.
    printf '%s\n' "subjectAltName=$names" "extendedKeyUsage=serverAuth,clientAuth" "basicConstraints=CA:FALSE" \
        > server.ext
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 825 -extfile server.ext \
        -out server.pem 2>/dev/null
    rm server.csr server.ext
fi

# The letter in front: what looks like a number is one to the server, and no password.
secret() { printf 'p%s' "$(openssl rand -hex 24)"; }

if ! [ -f nats.env ]; then
    cat > nats.env <<END
NATS_SERVER_NAME=n1
NATS_LISTEN=127.0.0.1:4222
NATS_MONITOR_LISTEN=127.0.0.1:8222
NATS_STORE_DIR=$directory/store
NATS_STORE_BYTES=10G
NATS_STORE_KEY=$(secret)
NATS_TLS_CERT=$directory/server.pem
NATS_TLS_KEY=$directory/server-key.pem
NATS_TLS_CA=$directory/ca.pem
NATS_SYS_PASSWORD=$(secret)
NATS_OPERATOR_PASSWORD=$(secret)
NATS_GATEWAY_PASSWORD=$(secret)
NATS_AUTH_PASSWORD=$(secret)
NATS_NOTIFY_PASSWORD=$(secret)
NATS_CHAT_PASSWORD=$(secret)
END
fi
echo "$directory/nats.env"
