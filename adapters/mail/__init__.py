"""The Mailers: into a folder for those who have no mail server yet, and over SMTP in the module `smtp`.

Who has no SMTP server need not load the client: `smtp` and `probing`, which do, are for who asks for them.
"""

from leadnator_auth.adapters.mail.files import MailFiles
from leadnator_auth.adapters.mail.server import DEFAULT_PORTS, Security, SmtpServer
from leadnator_auth.adapters.mail.writing import MailWriter

__all__ = ["DEFAULT_PORTS", "MailFiles", "MailWriter", "Security", "SmtpServer"]
