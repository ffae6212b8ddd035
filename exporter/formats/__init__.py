"""The known servers' wordings, one module each, registered here."""
