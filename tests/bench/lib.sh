# Shared by the benchmarks of the way in: a host with an embedded PostgreSQL in a temporary folder. Source it with $build set.
export LC_ALL=C
pg=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
scratch=$(mktemp -d /tmp/pb-bench-XXXXXX)
chmod 755 "$scratch"
host_pid=
finish() {
  code=$?
  trap - EXIT
  [ -n "$host_pid" ] && kill "$host_pid" 2>/dev/null && wait "$host_pid" 2>/dev/null || true
  [ "$code" -eq 0 ] || tail -n 20 "$scratch/host.log" >&2
  rm -rf "$scratch"
  exit "$code"
}
trap finish EXIT
port=$(( 20000 + RANDOM % 12000 ))
export BENCH_CERTIFICATE_PORT=$((port + 2))  # what is signed with a certificate names it there

start_host() {  # start_host CONFIG
  "$build/bin/patchbay" serve --config "$1" --data-dir "$scratch/data" --port "$port" --internal-port $((port + 1)) \
    --log-level warn >"$scratch/host.log" 2>&1 &
  host_pid=$!
  for _ in $(seq 600); do curl -fsS -o /dev/null "http://127.0.0.1:$port/ready" 2>/dev/null && break; sleep 0.1; done
  curl -fsS -o /dev/null "http://127.0.0.1:$port/ready"
  url="host=$(sed -n 5p "$scratch/data/postgres/data/postmaster.pid") user=patchbay dbname=patchbay"
}

sql() { PGOPTIONS="-c client_min_messages=warning" "$pg/psql" -qXAt -v ON_ERROR_STOP=1 "$url" "$@"; }

webhooks() {  # webhooks CONFIG CONNECTIONS SECONDS RUN [OPTION...]: one line of JSON
  "$build/bin/patchbay-bench-webhooks" --port "$port" --config "$1" --connectors "$build/connectors" --templates tests/bench/webhooks \
    --connections "$2" --seconds "$3" --run "$4" "${@:5}"
}

stored() {  # what was answered with 200 is there, once each; fails when it is not
  sql -c "SELECT 'stored: ' || count(*) || ' messages, ' || count(DISTINCT (conversation_id, external_id)) || ' distinct, ' ||
    (SELECT seq FROM tenant_bench.pb_stream) || ' events, ' || (SELECT sum(message_count) FROM tenant_bench.inbox_conversations) || ' counted' FROM tenant_bench.inbox_messages"
  [ "$(sql -c "SELECT count(*) = count(DISTINCT (conversation_id, external_id)) AND
    count(*) = (SELECT sum(message_count) FROM tenant_bench.inbox_conversations) FROM tenant_bench.inbox_messages")" = t ]
}
