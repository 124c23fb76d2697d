"""Load on a server, with every answer checked: wrk for rates, a heartbeat for delays. Needs wrk."""

import contextlib
import http.client
import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
from access_tokens import PASSWORD
from servers import Running, Server

_ME = """
local tokens = {}
for line in io.lines("%(tokens)s") do tokens[#tokens + 1] = "Bearer " .. line end
math.randomseed(os.time())
request = function() return wrk.format("GET", "%(path)s", {["Authorization"] = tokens[math.random(#tokens)]}) end
local expected = '@example.com"'
"""
_LOG_IN = """
math.randomseed(os.time())
local body = '%(body)s'
local type = "%(type)s"
request = function()
  return wrk.format("POST", "%(path)s", {["Content-Type"] = type}, string.format(body, math.random(0, %(users)d - 1)))
end
local expected = 'token":"'
"""
_CHECK = """
local threads = {}
setup = function(thread) table.insert(threads, thread) end
init = function() bad = 0 end
response = function(status, headers, body)
  if status ~= 200 or not body:find(expected, 1, true) then bad = bad + 1 end
end
done = function(summary, latency, requests)
  local wrong = 0
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("bad") end
  print("wrong answers: " .. wrong)
end
"""


@attrs.frozen
class Rate:
    """What a moment of load told."""

    per_second: float
    cpu_us: float
    """Microseconds that the server's processes spent on a core for one request."""


def me_rate(server: Running, tokens: Path, seconds: int, core: int | None = None) -> Rate:
    """Returns how fast `me` is answered over 32 connections."""
    script = _ME % {"tokens": tokens, "path": server.server.me}
    return _rate(server, script, 32, seconds, core)


def log_in_rate(server: Running, users: int, seconds: int) -> Rate:
    """Returns how fast log-ins are answered with 16 in flight."""
    rate = _rate(server, _log_in_script(server.server, users), 16, seconds, None)
    server.finish()
    return rate


@contextlib.contextmanager
def log_in_storm(running: Running, users: int) -> Iterator[None]:
    """Keeps 16 log-ins in flight for as long as the block takes."""
    command = _wrk(running.server, _log_in_script(running.server, users), 16, 600)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        yield
    finally:
        process.kill()
        process.wait()
        running.finish()


def me_delays(server: Server, token: str, seconds: float, every: float = 0.02) -> list[float]:
    """Returns how long each of a steady row of `me` took, in seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    delays = []
    began = time.perf_counter()
    due = began
    while due < began + seconds and time.perf_counter() < began + 2 * seconds:
        time.sleep(max(0.0, due - time.perf_counter()))
        # Counted from when it was due: while one request hangs, those that would have come hang with it.
        connection.request("GET", server.me, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
        delays.append(time.perf_counter() - due)
        due += every
    return delays


def percentile(values: list[float], share: float) -> float:
    """Returns the value that this share of the values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _log_in_script(server: Server, users: int) -> str:
    as_form = f"username=user-%d@example.com&password={PASSWORD}"
    as_json = json.dumps({"email": "user-%d@example.com", "password": PASSWORD})
    is_ours = server.command[1] == "serve"
    content_type = "application/json" if is_ours else "application/x-www-form-urlencoded"
    return _LOG_IN % {
        "body": as_json if is_ours else as_form,
        "type": content_type,
        "path": server.log_in,
        "users": users,
    }


def _rate(server: Running, script: str, connections: int, seconds: int, core: int | None) -> Rate:
    before = server.cpu_seconds()
    command = _wrk(server.server, script, connections, seconds)
    pinned = ("taskset", "-c", str(core)) if core is not None else ()
    output = subprocess.run([*pinned, *command], capture_output=True, text=True, check=True).stdout
    spent = server.cpu_seconds() - before
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    count = re.search(r"(\d+) requests in", output)
    assert rate, output
    assert count, output
    assert "wrong answers: 0" in output, output
    assert "Socket errors" not in output, output
    return Rate(float(rate[1]), spent / max(int(count[1]), 1) * 1e6)


def _wrk(server: Server, script: str, connections: int, seconds: int) -> list[str]:
    file = Path(f"{server.port}.lua")
    file.write_text(script + _CHECK)
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", str(file)]
    return ["wrk", *options, server.address]
