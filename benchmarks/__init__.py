"""The engine beside its peers: the same data, the same machine, one run."""

import os

# One thread each, before numpy is loaded: the processor seconds of several would be added up.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
