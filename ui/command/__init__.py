"""The command line: words in, one engine call, words or JSON out. Imports neither Gradio nor a training library."""
