"""A mailer that keeps what it is given, for a test to look into."""

import attrs

from leadnator_auth.domain.entities.mail import OutgoingMail, PasswordChangedMail, ResetLinkMail


@attrs.define
class Mailbox:
    """Every mail that was sent, oldest first. While `failure` is set, sending raises it instead."""

    mails: list[OutgoingMail] = attrs.Factory(list)
    failure: Exception | None = None

    async def send(self, mail: OutgoingMail) -> None:
        if self.failure is not None:
            raise self.failure
        self.mails.append(mail)

    @property
    def reset_links(self) -> list[ResetLinkMail]:
        """The mails with a link to set a new password."""
        return [mail for mail in self.mails if isinstance(mail, ResetLinkMail)]

    @property
    def notices(self) -> list[PasswordChangedMail]:
        """The mails that tell of a changed password."""
        return [mail for mail in self.mails if isinstance(mail, PasswordChangedMail)]
