"""What a person wants to know: a ranked differential from what was said of a patient."""
