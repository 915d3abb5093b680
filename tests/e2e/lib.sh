# Shared by the end-to-end tests: a host with its own data folder on free ports. Source it; $1 of the test is the build folder.
set -euo pipefail
build=${1:?the build folder}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d /tmp/pb-e2e-XXXXXX)
chmod 755 "$work"
# Three in a row that nobody listens on; below 32768, from where the system takes ports for clients.
taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
port=$(( 20000 + RANDOM % 4000 * 3 ))
while taken $port || taken $((port + 1)) || taken $((port + 2)); do port=$(( 20000 + RANDOM % 4000 * 3 )); done
base=http://127.0.0.1:$port
host_pid= passed=0 failed=0
secret=e2e-app-secret-0123456789

finish() {
  code=$?
  trap - EXIT
  [ "$code" -eq 0 ] && [ "$failed" -eq 0 ] || { echo "--- the host's log ends with:"; tail -n 30 "$work/host.log" 2>/dev/null || true; }
  stop_host || true
  rm -rf "$work"
  [ "$code" -ne 0 ] && exit "$code"
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}
trap finish EXIT

write_config() {  # write_config [GRAPH_URL]
  cat >"$work/config.yaml" <<YAML
tenants:
  acme:
    channels:
      whatsapp:
        connector: whatsapp
        egress_allow: ["${1:-127.0.0.1:9}"]
        config: {phone_number_id: "1061", access_token: e2e-access-token, app_secret: $secret, verify_token: e2e-verify, base_url: "http://${1:-127.0.0.1:9}"}
      off:
        connector: whatsapp
        enabled: false
        config: {phone_number_id: "1062", access_token: e2e-access-token, app_secret: $secret, verify_token: e2e-verify}
  globex:
    channels: {}
YAML
}

start_host() {
  "$build/bin/patchbay" serve --config "$work/config.yaml" --data-dir "$work/data" --port "$port" --internal-port $((port + 1)) >>"$work/host.log" 2>&1 &
  host_pid=$!
  for _ in $(seq 600); do
    curl -fsS -o /dev/null "$base/ready" 2>/dev/null && return 0
    kill -0 "$host_pid" 2>/dev/null || { echo "the host has ended"; return 1; }
    sleep 0.1
  done
  echo "the host did not become ready"
  return 1
}

stop_host() {
  [ -n "$host_pid" ] || return 0
  kill "$host_pid" 2>/dev/null || true
  wait "$host_pid" 2>/dev/null || true
  host_pid=
}

token() { "$build/bin/patchbay" token create --config "$work/config.yaml" --data-dir "$work/data" --tenant "$1" --role "${2:-tenant_admin}"; }

database() {  # database SQL: in the embedded cluster
  local pid_file=$work/data/postgres/data/postmaster.pid pg
  pg=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
  "$pg/psql" -qXAt -h "$(sed -n 5p "$pid_file")" -U patchbay -d patchbay -c "$1"
}

expect() {  # expect WHAT WANTED GOT
  if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $1: expected '$2', got '$3'"; fi
}

status_of() { curl -s -o "$work/body" -w '%{http_code}' --max-time 60 "$@" || true; }

sign() { printf 'sha256=%s' "$(openssl dgst -sha256 -hmac "$secret" -r <"$1" | cut -d' ' -f1)"; }

webhook() {  # webhook BODY_FILE [curl options]: signed, to acme's channel
  local file=$1; shift
  status_of -X POST -H 'Content-Type: application/json' -H "X-Hub-Signature-256: $(sign "$file")" --data-binary @"$file" "$@" \
    "$base/api/v1/webhooks/acme/whatsapp"
}

text_message() {  # text_message ID PHONE TEXT [PHONE_NUMBER_ID]: the body of one customer message
  cat <<JSON
{"object":"whatsapp_business_account","entry":[{"id":"3012","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550109999","phone_number_id":"${4:-1061}"},"contacts":[{"profile":{"name":"Ines"},"wa_id":"$2"}],"messages":[{"from":"$2","id":"$1","timestamp":"1790000000","type":"text","text":{"body":"$3"}}]}}]}]}
JSON
}
