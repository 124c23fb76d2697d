"""E-mail addresses: as their owners typed them, and in the one form that is compared."""

import attrs


@attrs.frozen
class EmailAddress:
    """One mailbox.

    `typed` is what its owner entered, without surrounding white space. `canonical` decides identity: lower case, with
    the domain in its ASCII form (RFC 5890 A-labels), so that spelling never makes two accounts of one mailbox.
    """

    typed: str
    canonical: str

    @property
    def mailbox(self) -> str:
        """The address to hand to a mail server: local part as typed (RFC 5321 section 2.4), domain in ASCII."""
        return self.typed.rpartition("@")[0] + "@" + self.canonical.rpartition("@")[2]
