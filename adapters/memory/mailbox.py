"""A mailer that keeps what it is given, for a test to look into."""

import attrs

from leadnator_auth.domain.entities.mail import MailKind, NoticeMail, OutgoingMail, SecretMail
from leadnator_auth.domain.errors import MailDelayedError, UnavailableError


@attrs.define
class Mailbox:
    """Every mail that was sent, oldest first. While `failure` is set, sending raises it instead.

    A mail that fails here certainly did not arrive, and an UnavailableError says so.
    """

    mails: list[OutgoingMail] = attrs.Factory(list)
    failure: Exception | None = None

    async def send(self, mail: OutgoingMail) -> None:
        if type(self.failure) is UnavailableError:
            raise MailDelayedError(str(self.failure), may_have_arrived=False)
        if self.failure is not None:
            raise self.failure
        self.mails.append(mail)

    @property
    def reset_links(self) -> list[SecretMail]:
        """The mails with a link to set a new password."""
        return self._with_secret(MailKind.RESET_LINK, MailKind.EMAIL_CHANGE_UNDONE, MailKind.USER_RECOVERED)

    @property
    def verification_links(self) -> list[SecretMail]:
        """The mails with a link that proves an address."""
        return self._with_secret(MailKind.VERIFY_EMAIL)

    @property
    def confirmation_links(self) -> list[SecretMail]:
        """The mails with a link that gives an account another address."""
        return self._with_secret(MailKind.CONFIRM_EMAIL)

    @property
    def undo_links(self) -> list[SecretMail]:
        """The mails with a link that takes a change of address back."""
        return self._with_secret(MailKind.EMAIL_CHANGED)

    @property
    def login_codes(self) -> list[SecretMail]:
        """The mails with a code to log in with."""
        return [mail for mail in self.mails if isinstance(mail, SecretMail) and mail.kind is MailKind.LOGIN_CODE]

    @property
    def notices(self) -> list[NoticeMail]:
        """The mails that tell what happened."""
        return [mail for mail in self.mails if isinstance(mail, NoticeMail)]

    def _with_secret(self, *kinds: MailKind) -> list[SecretMail]:
        return [mail for mail in self.mails if isinstance(mail, SecretMail) and mail.kind in kinds]
