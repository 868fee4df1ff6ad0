-- What wrk sends, and one line of JSON about how it went.  A body in the
-- environment makes it a POST.
local body = os.getenv("BENCH_BODY")
if body then
    wrk.method = "POST"
    wrk.body = body
    wrk.headers["Content-Type"] = "application/json"
end
wrk.headers["Authorization"] = "Bearer " .. (os.getenv("BENCH_TOKEN") or "")

function done(summary, latency)
    local e = summary.errors
    io.write(string.format(
        '\n{"requests":%d,"microseconds":%d,"refused":%d,"broken":%d,' ..
        '"p99_us":%d}\n',
        summary.requests, summary.duration, e.status,
        e.connect + e.read + e.write + e.timeout, latency:percentile(99)))
end
