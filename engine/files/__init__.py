"""Files that people attach: kept once by their content, in PostgreSQL, and recognised by what they are (architecture §2)."""
