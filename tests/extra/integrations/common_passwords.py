"""Makes the list of common passwords that is built in: `python -m tests.extra.integrations.common_passwords`.

It takes the list that Django ships, which has the most used ones first, leaves out what is too short to be chosen here
or was spoilt before it was counted, and keeps the first 3,000 of the rest in the form in which passwords are compared.
Run it with Django 5.2 (the group `examples`); ORIGIN.md beside the list says where Django's comes from.
"""

import gzip
from collections.abc import Iterable
from pathlib import Path

from django.contrib.auth import password_validation

from leadnator_auth.adapters.password_blocklist import COMMON
from leadnator_auth.domain import PasswordPolicy
from leadnator_auth.domain.values.password import comparable

COUNT = 3_000
SPOILT = "пїѕ"
"""The sign for a character that could not be read (U+FFFD in UTF-8), read as Windows-1251: nobody typed that."""
SOURCE = Path(password_validation.__file__).with_name("common-passwords.txt.gz")


def most_used(lines: Iterable[str]) -> list[str]:
    """Returns the first of these passwords that may be chosen here, each once."""
    passwords = dict.fromkeys(comparable(line.removesuffix("\n")) for line in lines)
    shortest = PasswordPolicy().min_length
    return [each for each in passwords if len(each) >= shortest and SPOILT not in each][:COUNT]


def main() -> None:
    with gzip.open(SOURCE, "rt", encoding="utf-8") as lines:
        COMMON.write_text("".join(f"{password}\n" for password in most_used(lines)), "utf-8")


if __name__ == "__main__":
    main()
