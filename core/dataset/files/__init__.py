"""Files become tables: found out, unpacked, decoded, read, and kept as they came."""
