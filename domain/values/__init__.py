"""Values and the rules of their form: text, addresses, passwords, fields, pages."""
