"""E-mail addresses: as their owners typed them, and in the one form that is compared."""

import attrs


@attrs.frozen
class EmailAddress:
    """One mailbox, in three spellings; as text, it is the address as it was typed.

    `typed` is what its owner entered, less surrounding white space: show this one. `canonical` decides identity: lower
    case, with the domain in its ASCII form (RFC 5890 A-labels), so that spelling never makes two accounts of one
    mailbox: look up and compare by this one. `mailbox` is what a mail server is handed.
    """

    typed: str
    canonical: str

    @property
    def domain(self) -> str:
        """What follows the @, in lower case and ASCII."""
        return self.canonical.rpartition("@")[2]

    @property
    def mailbox(self) -> str:
        """The address to hand to a mail server: local part as typed (RFC 5321 section 2.4), domain in ASCII."""
        return self.typed.rpartition("@")[0] + "@" + self.domain

    def __str__(self) -> str:
        return self.typed

    def __format__(self, spec: str) -> str:
        return format(self.typed, spec)
