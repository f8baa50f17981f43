"""One file per kind of file: text or bytes become rows."""
