"""Changes of orders after they were confirmed: what stands between an order, its deliveries and its invoices."""
