"""The ways in: settings, the composition root, the command line, the HTTP application and the mail worker."""
