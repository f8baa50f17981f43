"""A run as one document to give away: the same facts as HTML and as Markdown."""
