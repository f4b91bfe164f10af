"""One module a format; each has ``document(table) -> bytes``, a file that stands alone.

The formats that are also put into other pages (HTML, LaTeX) have ``fragment(table) -> str`` too.
"""
