"""The deployment of Sextant, as code: stages, constructs (one capability each) and stacks that compose them."""
