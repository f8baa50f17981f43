"""The formats a file may have, one file each."""
