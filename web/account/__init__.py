"""Coming in, going out, the language."""
