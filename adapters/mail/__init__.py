"""The Mailers: over SMTP, and into a folder for those who have no mail server yet."""

from leadnator_auth.adapters.mail.files import MailFiles
from leadnator_auth.adapters.mail.probing import Probed, Trouble, probe
from leadnator_auth.adapters.mail.smtp import SmtpMailer, SmtpServer
from leadnator_auth.adapters.mail.writing import MailWriter

__all__ = ["MailFiles", "MailWriter", "Probed", "SmtpMailer", "SmtpServer", "Trouble", "probe"]
