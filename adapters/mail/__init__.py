"""The Mailers: into a folder while there is no mail server yet, and over SMTP in the module `smtp`.

Without an SMTP server nobody has to load the client: `smtp` and `probing`, which do, are imported on their own.
"""

from leadnator_auth.adapters.mail.files import MailFiles
from leadnator_auth.adapters.mail.server import DEFAULT_PORTS, Security, SmtpServer
from leadnator_auth.adapters.mail.writing import MailWriter

__all__ = ["DEFAULT_PORTS", "MailFiles", "MailWriter", "Security", "SmtpServer"]
