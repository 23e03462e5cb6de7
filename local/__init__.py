"""The whole of Sextant on one machine: the deployed handlers, fed with the events AWS would send them."""
