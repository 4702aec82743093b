"""What the pages of all documents of sales share: the editor of head and lines, the dossier with its case, how a history is told."""
