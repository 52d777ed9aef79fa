"""Run every measurement: ``python -m benchmarks``."""

from benchmarks import latency, settings

settings.main()
print("\nOne diagnosis, by positive findings and contexts known\n")
latency.main()
