-- SPDX-License-Identifier: Apache-2.0
-- wrk's summary as one line of JSON.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'JSON {"requests":%d,"bytes":%d,"seconds":%.6f,"refused":%d,"failed":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.bytes, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
