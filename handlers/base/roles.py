"""The roles that the company's processes and pages name: what the processes write, and what people call it."""

from __future__ import annotations

ROLES = (
    ("sales", "Ventes", "Sales"),
    ("sales_manager", "Responsable des ventes", "Sales manager"),
    ("sales_admin", "Administration des ventes", "Sales administration"),
    ("purchasing_admin", "Administration des achats", "Purchasing administration"),
    ("purchasing_manager", "Responsable des achats", "Purchasing manager"),
    ("warehouse", "Entrepôt", "Warehouse"),
    ("accounting", "Comptabilité", "Accounting"),
    ("process_owner", "Responsable des processus", "Process owner"),
    ("auditor", "Auditeur", "Auditor"),
    ("admin", "Administrateur", "Administrator"),
)
"""Key, title in French, title in English. ``bordereau init`` and the demonstration make them; administrators may add others."""
