"""Two threads that keep up with the service: one follows its feed, one fetches its keys."""

import logging
import os
import ssl
import threading
import time
from collections.abc import Callable
from functools import partial

from leadnator_auth.verifier.key_store import VERSION_HEADER
from leadnator_auth.verifier.key_store import target as keys_target
from leadnator_auth.verifier.knowledge import Knowledge
from leadnator_auth.verifier.transport import Answer, Connection, TransportError

CLOSE_SECONDS = 1.0
NEW_KEYS_PAUSE = 0.25
"""How long the feed rests after it told of new keys: servers that disagree on them for a moment cause no storm."""

_log = logging.getLogger("leadnator_auth.verifier")


def steady_clock() -> Callable[[], float]:
    """Returns a clock that is never set, and where there is one, that goes on while the machine sleeps."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic if boot is None else partial(time.clock_gettime, boot)


class Learning:
    """The threads of one process, and what they know."""

    def __init__(self, url: str, api_key: str, knowledge: Knowledge, ssl_context: ssl.SSLContext | None) -> None:
        self.knowledge = knowledge
        self.feed = knowledge.feed
        self.keys = knowledge.keys
        self.news = threading.Condition()
        """Whatever was learned, and whatever failed."""
        self._steady = steady_clock()
        self._process = os.getpid()
        self._closing = threading.Event()
        self._keys_wanted = threading.Event()
        bearer = {"Authorization": f"Bearer {api_key}"}
        self._feed_connection = Connection(url, bearer, ssl_context)
        self._keys_connection = Connection(url, {"Cache-Control": "no-cache"}, ssl_context)
        self._threads = [
            threading.Thread(target=self._run, args=each, name="leadnator-auth-verifier", daemon=True)
            for each in ((self._follow, self._feed_connection), (self._fetch_keys, self._keys_connection))
        ]

    def start(self) -> None:
        """Begins to learn."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Ends the threads, and waits a moment for them."""
        if self._process != os.getpid():  # the child of a fork: they, and the connections, are its parent's
            return
        self._closing.set()
        self._keys_wanted.set()
        self._feed_connection.interrupt()
        self._keys_connection.interrupt()
        for thread in self._threads:
            thread.join(CLOSE_SECONDS)

    def abandon(self) -> None:
        """Closes, in the child of a fork, its copies of what its parent goes on with."""
        self._feed_connection.close()
        self._keys_connection.close()

    def want_keys(self) -> None:
        """Has the keys fetched soon, unless that was done within the last minute."""
        self.keys.want_another()
        self._keys_wanted.set()

    def heard(self, answer: Answer, asked_at: float) -> float:
        """Takes an answer of the feed, and has the keys fetched if it tells of new ones; returns the pause after it."""
        pause = self.feed.answered(answer.status, answer.body, asked_at, time.time())
        if answer.status != 200 or not self.keys.published(answer.headers.get(VERSION_HEADER.lower())):
            return pause
        self._keys_wanted.set()
        return max(pause, NEW_KEYS_PAUSE)

    def _run(self, work: Callable[[], None], connection: Connection) -> None:
        try:
            work()
        finally:
            connection.close()

    def _follow(self) -> None:
        has_failed = False
        while not self._closing.is_set():
            asked_at = self._steady()
            try:
                answer = self._feed_connection.get(self.feed.target, self.feed.wait, self.keys.headers)
            except TransportError as error:
                pause = self.feed.failed(str(error))
            else:
                pause = self.heard(answer, asked_at)
            has_failed = self._told(has_failed)
            self._tell()
            self._closing.wait(pause)

    def _told(self, had_failed: bool) -> bool:
        """Writes to the log when the feed cannot be followed, and when it can again."""
        if self._closing.is_set() or self.feed.has_failed == had_failed:
            return had_failed
        if self.feed.has_failed:
            _log.warning("the feed of revocations cannot be followed: %s", self.feed.error)
        else:
            _log.info("the feed of revocations is followed again")
        return self.feed.has_failed

    def _fetch_keys(self) -> None:
        while not self._closing.is_set():
            self._keys_wanted.clear()
            due_in = self.keys.due_in(self._steady())
            if due_in > 0:
                self._keys_wanted.wait(due_in)
                continue
            version, asked_at = self.keys.version, self._steady()
            try:
                answer = self._keys_connection.get(keys_target(version))
            except TransportError as error:
                self.keys.failed(str(error), asked_at)
            else:
                self.knowledge.keys_answered(answer.status, answer.body, asked_at, version)
            self._tell()

    def _tell(self) -> None:
        with self.news:
            self.news.notify_all()
