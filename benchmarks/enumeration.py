"""A measurement of whether response times reveal that an account exists, in each call that must not.

    leadnator-auth serve &     # with LEADNATOR_RATE_LIMIT=off LEADNATOR_EMAIL_CODE_LOGIN=on
    python benchmarks/enumeration.py --url http://127.0.0.1:8000 --samples 200

Samples are interleaved in random order. For changes of address each has an asker and an address of its own, for mails
to both are limited: LEADNATOR_BCRYPT_COST=4 makes that quick. The last column is the z of a Mann-Whitney test: beyond 3
or so, either way, the two differ by more than chance (1.96 is the usual 5 %).
"""

import argparse
import http.client
import json
import random
import statistics
import time
from urllib.parse import urlsplit

KNOWN, UNKNOWN = "known@example.com", "unknown@example.com"
PASSWORD = "minimum-6-chars"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--samples", type=int, default=200, help="of each kind")
    arguments = parser.parse_args()
    server = urlsplit(arguments.url)
    connection = http.client.HTTPConnection(str(server.hostname), server.port, timeout=60)
    answer_time(connection, "signup", {"name": "Known", "email": KNOWN, "password": PASSWORD})
    print("| call | known, ms | unknown, ms | z |\n|---|---|---|---|")
    for call, members in (("login", {"password": "wrong-password"}), ("forgot-password", {}), ("login/code", {})):
        print_row(call, sampled(connection, call, members, arguments.samples))
    print_row("change-email", sampled_changes(connection, arguments.samples))


def print_row(call: str, times: dict[str, list[float]]) -> None:
    medians = [f"{statistics.median(times[email]) * 1000:.2f}" for email in (KNOWN, UNKNOWN)]
    print(f"| {call} | {medians[0]} | {medians[1]} | {mann_whitney_z(times[KNOWN], times[UNKNOWN]):+.2f} |")


def sampled_changes(connection: http.client.HTTPConnection, count: int) -> dict[str, list[float]]:
    """Returns the seconds that answers to a wish for a taken or free address took."""
    order = [KNOWN, UNKNOWN] * count
    random.shuffle(order)
    times: dict[str, list[float]] = {KNOWN: [], UNKNOWN: []}
    for number, kind in enumerate(order):
        wanted = f"{number}-{kind}"
        if kind == KNOWN:
            signed_up(connection, wanted)
        token = signed_up(connection, f"asker-{number}@example.com")
        times[kind].append(answer_time(connection, "change-email", {"email": wanted}, token))
    return times


def signed_up(connection: http.client.HTTPConnection, email: str) -> str:
    """Returns the token of a new account."""
    body = {"name": "Somebody", "email": email, "password": PASSWORD}
    connection.request("POST", "/api/auth/signup", json.dumps(body), {"Content-Type": "application/json"})
    return str(json.loads(connection.getresponse().read())["token"])


def sampled(
    connection: http.client.HTTPConnection, call: str, members: dict[str, str], count: int
) -> dict[str, list[float]]:
    """Returns the seconds that answers took, by address."""
    order = [KNOWN, UNKNOWN] * count
    random.shuffle(order)
    times: dict[str, list[float]] = {KNOWN: [], UNKNOWN: []}
    for email in order:
        times[email].append(answer_time(connection, call, {"email": email, **members}))
    return times


def answer_time(connection: http.client.HTTPConnection, call: str, body: dict[str, str], token: str = "") -> float:
    """Returns the seconds until the answer was there."""
    content, headers = json.dumps(body), {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    began = time.perf_counter()
    connection.request("POST", f"/api/auth/{call}", content, headers)
    response = connection.getresponse()
    response.read()
    spent = time.perf_counter() - began
    if response.status not in (200, 401, 409):
        raise SystemExit(f"{call} was answered with {response.status}: are the limits off?")
    return spent


def mann_whitney_z(first: list[float], second: list[float]) -> float:
    """Returns by how many standard deviations the ranks of the first differ from those of the second."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    rank_sum = sum(rank for rank, (_, group) in enumerate(ranked, 1) if group == 0)
    n, m = len(first), len(second)
    expected = n * (n + m + 1) / 2
    return float((rank_sum - expected) / (n * m * (n + m + 1) / 12) ** 0.5)


if __name__ == "__main__":
    main()
