#!/bin/sh
# Independent clients talk to bambu-sim: mosquitto over MQTT/TLS and curl over
# FTPS. Waits only for events, each with a deadline.
#   test_clients.sh PATH/TO/bambu-sim
set -u
sim=$1
for tool in mosquitto_sub mosquitto_pub curl openssl; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done

dir=$(mktemp -d)
port=$((20000 + $$ % 10000))
control=http://127.0.0.1:$((port + 20000))
failures=0
sim_pid=
listeners=
trap 'kill $sim_pid $listeners 2>/dev/null; rm -rf "$dir"' EXIT

# Poll COMMAND until it succeeds, for ten seconds at most.
await() {
    tries=100
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        test $tries -gt 0 || return 1
        sleep 0.1
    done
}

# check SENTENCE COMMAND...
check() {
    sentence=$1
    shift
    if "$@" >"$dir/said" 2>&1; then
        echo "ok      $sentence"
    else
        echo "FAILED  $sentence"
        head -c 2000 "$dir/said"
        failures=$((failures + 1))
    fi
}
fails() { ! "$@"; }

"$sim" --printer P1S:01PTEST:127.0.0.71:$port:$((port + 10000)):12345678 \
    --printer X1C:00MTEST:127.0.0.72:$port:$((port + 10000)):12345678 \
    --printer A1mini:030TEST:127.0.0.73:$port:$((port + 10000)):12345678 \
    --printer P2S:22ETEST:127.0.0.74:$port:$((port + 10000)):12345678 \
    --printer H2D:094TEST:127.0.0.75:$port:$((port + 10000)):12345678 \
    --control ${control#http://} --speed 60 --print-seconds 120 \
    --report-ms 100 --ca-out "$dir/ca.pem" >"$dir/out" 2>"$dir/err" &
sim_pid=$!
await grep -q '^READY control=.* printers=5$' "$dir/out" ||
    { echo "FAILED  it gets ready"; cat "$dir/err"; exit 1; }

mqtt="-p $port --cafile $dir/ca.pem --insecure -u bblp"
ask() { # HOST SERIAL REQUEST
    mosquitto_pub -h $1 $mqtt -P 12345678 -q 1 -t device/$2/request -m "$3"
}
listen() { # HOST SERIAL FILE
    mosquitto_sub -h $1 $mqtt -P 12345678 -t device/$2/report -W 60 \
        >$3 2>$3.err &
    listeners="$listeners $!"
    await connected $2
}
connected() { curl -sf $control/printers/$1 | grep -q '"connections":1'; }
ftps() { # HOST PATH OPTION...
    host=$1 path=$2
    shift 2
    curl -sS --max-time 20 --tls-max 1.2 -k --ssl-reqd -u bblp:12345678 \
        "$@" ftps://$host:$((port + 10000))/$path
}
post() { # SERIAL/ACTION JSON
    curl -sf -d "$2" $control/printers/$1
}
shows() { curl -sf $control/printers/$1 | grep -q "$2"; }

# ---- who gets in
check "a wrong access code is refused with 5" sh -c \
    "mosquitto_sub -h 127.0.0.71 $mqtt -P 00000000 -t x -W 5 2>&1 |
     grep -i 'not authori'"
check "a P1S hangs up on who subscribes to everything" fails \
    timeout 5 mosquitto_sub -h 127.0.0.71 $mqtt -P 12345678 -t '#' -C 1 -W 3
check "an X1C speaks no TLS 1.3" fails \
    openssl s_client -connect 127.0.0.72:$port -tls1_3 </dev/null
check "an A1 mini shows an X.509 v1 certificate with its serial" sh -c \
    "openssl s_client -connect 127.0.0.73:$port </dev/null 2>/dev/null |
     openssl x509 -noout -text | tee $dir/x509 | grep -q 'Version: 1 ' &&
     grep -q 'Subject: CN = 030TEST' $dir/x509"


mkfifo "$dir/pipe"
quiet_client() { # CONNECT with a keepalive of one second, and then silence
    exec 3<>"$dir/pipe"
    printf '\020\035\000\004MQTT\004\302\000\001\000\001q' >&3
    printf '\000\004bblp\000\01012345678' >&3
    timeout 8 openssl s_client -quiet -connect 127.0.0.71:$port \
        <"$dir/pipe" >"$dir/connack"
    status=$?
    exec 3>&-
    test $status -ne 124 &&
        test "$(od -An -tx1 "$dir/connack")" = " 20 02 00 00"
}
check "a client that misses its keepalive is left" quiet_client

# ---- files
head -c 3000000 /dev/urandom >"$dir/part"
check "curl uploads with TLS 1.2 and a reused session" \
    ftps 127.0.0.71 part.gcode.3mf -T "$dir/part"
check "... and reads back the same bytes" sh -c \
    "curl -sS --max-time 20 --tls-max 1.2 -k --ssl-reqd -u bblp:12345678 \
     -o $dir/back ftps://127.0.0.71:$((port + 10000))/part.gcode.3mf &&
     cmp $dir/part $dir/back"
check "the digest is known" shows 01PTEST \
    "\"sha256\":\"$(sha256sum "$dir/part" | cut -c1-64)\""
echo small >"$dir/small"
ftps 127.0.0.71 fresh -v -T "$dir/small" --no-sessionid >"$dir/fresh" 2>&1
check "a data connection without the session gets 522" \
    grep -q '^< 522 ' "$dir/fresh"
check "an A1 mini does not ask for the session" \
    ftps 127.0.0.73 part.gcode.3mf -T "$dir/part" --no-sessionid
check "a P2S cuts uploads over TLS 1.3" fails \
    ftps 127.0.0.74 part.gcode.3mf -T "$dir/part" --tlsv1.3 --tls-max 1.3
check "... and takes them over TLS 1.2" \
    ftps 127.0.0.74 part.gcode.3mf -T "$dir/part"
check "an H2D takes a file" ftps 127.0.0.75 part.gcode.3mf -T "$dir/part"
check "a folder is listed" sh -c \
    "curl -sS --max-time 20 --tls-max 1.2 -k --ssl-reqd -u bblp:12345678 \
     ftps://127.0.0.71:$((port + 10000))/ | grep ' 3000000 .*part.gcode.3mf'"
check "PASV will do where there is no EPSV" \
    ftps 127.0.0.71 pasv.3mf -T "$dir/part" --disable-epsv
check "a file goes into a folder there is" \
    ftps 127.0.0.71 cache/part.3mf -T "$dir/part"
check "... and not into one there is not" fails \
    ftps 127.0.0.71 other/part.3mf -T "$dir/part"
check "a file can be deleted" ftps 127.0.0.71 '' -Q 'DELE cache/part.3mf' \
    -o /dev/null
post 01PTEST/fault '{"fault":"cut-upload","bytes":100000}' >/dev/null
check "an upload can be cut" fails \
    ftps 127.0.0.71 cut.3mf -T "$dir/part"
check "... and is noted as incomplete" shows 01PTEST \
    '"name":"cut.3mf","size":100000,"sha256":"[0-9a-f]*","complete":false'
post 01PTEST/fault '{"fault":"stall-upload","bytes":1000}' >/dev/null
ftps 127.0.0.71 stalled.3mf -T "$dir/part" --max-time 2 >"$dir/stalled" 2>&1
check "an upload can stall" grep -q '(28)' "$dir/stalled"
check "a wrong code opens no files" fails \
    ftps 127.0.0.71 '' -u bblp:00000000

# ---- a print
start='{"print":{"command":"project_file","sequence_id":"7",
  "param":"Metadata/plate_1.gcode","url":"ftp:///part.gcode.3mf",
  "subtask_name":"part","subtask_id":"4711","task_id":"4711","md5":"",
  "use_ams":true,"ams_mapping":[1]}}'
for row in 127.0.0.71:01PTEST 127.0.0.73:030TEST 127.0.0.74:22ETEST \
    127.0.0.75:094TEST; do
    host=${row%:*} serial=${row#*:}
    listen $host $serial "$dir/$serial"
    ask $host $serial '{"pushing":{"command":"pushall","sequence_id":"1"}}'
    ask $host $serial '{"info":{"command":"get_version","sequence_id":"2"}}'
    ask $host $serial "$start"
    check "$serial prints to the end" await shows $serial \
        '"outcome":"finished"'
    check "$serial answers pushall" grep -q '"msg":0' "$dir/$serial"
    check "$serial tells its firmware" grep -q '"sw_ver"' "$dir/$serial"
    check "$serial acknowledges" grep -qi '"result":"success"' "$dir/$serial"
    check "$serial reports the progress" await \
        grep -q '"gcode_state":"FINISH"' "$dir/$serial"
    check "$serial reports the echo of the id" \
        grep -q '"subtask_id":"4711"' "$dir/$serial"
done
check "a P1S sends deltas" grep -q '"msg":1' "$dir/01PTEST"
listen 127.0.0.72 00MTEST "$dir/00MTEST"
check "an X1C sends full reports unasked" await \
    grep -q '"msg":0' "$dir/00MTEST"
check "... and nothing else" fails grep -q '"msg":1' "$dir/00MTEST"

# ---- the control port
post 030TEST/fault '{"fault":"fail-print","percent":10,"code":"0300_8003"}' \
    >/dev/null
ask 127.0.0.73 030TEST "$start"
check "a print fails where the control port says" await shows 030TEST \
    '"state":"FAILED".*"print_error":"03008003"'
post 030TEST/tray '{"slot":2,"present":false}' >/dev/null
check "a slot can be emptied" await \
    grep -q '"tray_exist_bits":"b".*"msg":1' "$dir/030TEST"
post 030TEST/foreign-print '{"name":"Vase.3mf"}' >/dev/null
check "somebody else can print" await shows 030TEST \
    '"name":"Vase.3mf".*"began":true,"foreign":true'
post 030TEST/finish-now '{}' >/dev/null
check "a print can be finished at once" shows 030TEST '"state":"FINISH"'
status() { # EXPECTED CURL-ARGUMENTS
    expected=$1
    shift
    test "$(curl -s -o /dev/null -w '%{http_code}' "$@")" = $expected
}
check "an unknown printer is 404" status 404 $control/printers/none
check "an unknown fault is 400" status 400 -d '{"fault":"x"}' \
    $control/printers/030TEST/fault
check "a body that is no JSON is 400" status 400 -d '{' $control/speed
check "a negative speed is 400" status 400 -d '{"factor":-1}' $control/speed
check "an action wants POST" status 405 $control/printers/030TEST/reboot

# ---- trouble
takeover() {
    mosquitto_sub -h 127.0.0.73 $mqtt -P 12345678 -i same \
        -t device/030TEST/report -W 20 >/dev/null 2>"$dir/first" &
    listeners="$listeners $!"
    await shows 030TEST '"connections":2' || return 1
    mosquitto_sub -h 127.0.0.73 $mqtt -P 12345678 -i same \
        -t device/030TEST/report -C 1 -W 10 || return 1
    await grep -q 'connection was lost' "$dir/first"
}
check "a client of the same id takes over" takeover
post 01PTEST/fault '{"fault":"drop-connection"}' >/dev/null
check "a connection can be dropped" await \
    grep -q 'connection was lost' "$dir/01PTEST.err"
leaf() {
    openssl s_client -connect 127.0.0.71:$port </dev/null 2>/dev/null |
        openssl x509 -noout -fingerprint
}
before=$(leaf)
post 01PTEST/fault '{"fault":"change-certificate"}' >/dev/null
after=$(leaf)
check "a certificate can change" \
    test -n "$before" -a -n "$after" -a "$before" != "$after"
subject() {
    openssl s_client -connect 127.0.0.71:$port </dev/null 2>/dev/null |
        openssl x509 -noout -subject
}
post 01PTEST/fault '{"fault":"wrong-serial","serial":"01POTHER"}' >/dev/null
check "another printer can take the address" \
    test "$(subject)" = "subject=CN = 01POTHER"
mosquitto_sub -h 127.0.0.71 $mqtt -P 12345678 -t device/01PTEST/report \
    -C 1 -W 2 >"$dir/other" 2>/dev/null
check "... and is silent about the old one" test ! -s "$dir/other"
post 01PTEST/fault '{"fault":"wrong-serial","times":0}' >/dev/null
check "... until the old one is back" \
    test "$(subject)" = "subject=CN = 01PTEST"
post 01PTEST/reboot '{"seconds":100000}' >/dev/null
check "a rebooting printer is not reachable" fails \
    ask 127.0.0.71 01PTEST '{"pushing":{"command":"pushall"}}'
curl -s -d '{"seconds":100000}' $control/advance >/dev/null
check "... until its time has come" await \
    ask 127.0.0.71 01PTEST '{"pushing":{"command":"pushall"}}'

kill -TERM $sim_pid
wait $sim_pid
check "SIGTERM ends it with 0" test $? -eq 0
sim_pid=
check "it has nothing to complain about" test ! -s "$dir/err"
exit $failures
