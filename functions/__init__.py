"""The Lambda functions of Sextant, one folder each, and the one declaration of how they run."""
