"""A mail host that is not there: real Dovecot wording with the present time, to see the program at work."""
