"""Where bytes are kept: `Store` for files under any fsspec address; the embedding cache stands in `ml_core.store.embeddings`."""

from ml_core.store.files import Store

__all__ = ["Store"]
