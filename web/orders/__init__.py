"""Pages of orders: the list, the form, the dossier."""
