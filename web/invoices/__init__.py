"""Pages of invoices and credit notes: what was invoiced and what of it is paid, and what is still to be invoiced."""
