"""The package's version, read by its build too."""

__version__ = "0.1.0"
