"""The engine: everything but the pages. Knows nothing of Gradio; torch is imported in `core.backend` alone."""
