"""How do other libraries get the same network?"""
