"""Invoices and credit notes: drafts, validation, numbers without gaps."""
