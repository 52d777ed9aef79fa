"""Does the network say what has been published?"""
