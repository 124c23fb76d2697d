"""Ids of requests: no two are equal, in however many threads and processes, and none tells of another."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from leadnator_auth.entrypoints.http.middleware.envelope import new_request_id

MANY = 20_000
TWO_PROCESSES = """
import os
from leadnator_auth.entrypoints.http.middleware.envelope import new_request_id
new_request_id()
child = os.fork()
os.write(1, "".join(new_request_id() + "\\n" for _ in range(200)).encode())
if child:
    os.waitpid(child, 0)
"""


def test_no_two_are_equal() -> None:
    ids = [new_request_id() for _ in range(MANY)]
    assert len(set(ids)) == MANY
    assert {len(each) for each in ids} == {16}
    assert ids != sorted(ids)


def test_threads_do_not_share_one() -> None:
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda _: new_request_id(), range(MANY)))
    assert len(set(ids)) == MANY


def test_processes_of_one_origin_do_not_share_one() -> None:
    told = subprocess.run([sys.executable, "-c", TWO_PROCESSES], capture_output=True, encoding="utf-8", check=True)
    ids = told.stdout.split()
    assert len(ids) == len(set(ids)) == 400
