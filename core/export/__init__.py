"""A model that runs elsewhere, one file per exporter."""
