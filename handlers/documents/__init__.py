"""Printed documents: what stands on one, which mentions the law asks for, how it becomes a PDF."""
