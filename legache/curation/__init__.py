"""How do published claims become the numbers of a priors folder?"""
