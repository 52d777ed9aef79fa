"""Evidence in, posteriors out: exact inference in any network of this shape."""
