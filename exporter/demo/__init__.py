"""A simulated mail host: real Dovecot wording with current times, to try the program."""
